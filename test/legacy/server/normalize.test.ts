import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  type LegacySession,
  normalize,
  type NormalizeCall,
  openSession,
  type Progress,
} from '../../../src/db/legacy/index.ts';
import { applyMigrations, initialize } from '../../../src/db/migrate/index.ts';
import { createLegacySchema } from '../../support/legacy-database.ts';
import { asSuperuser, ensureNamedRoles, prepare, useServerDatabase } from '../../migrate/server/support.ts';
import { LOGINS } from '../../migrate/support.ts';
import { freshSealer, refusalOf } from '../support.ts';

const database = useServerDatabase();
const owner = { name: `legacy_owner_${randomBytes(4).toString('hex')}`, password: 'owner' };
const sealer = freshSealer();
const open: LegacySession[] = [];

/** As the owner: a role of no powers but what it owns. */
const connect = async (): Promise<LegacySession> => {
  const session = await openSession(database.url(owner));
  open.push(session);
  return session;
};
const run = async (options: NormalizeCall['options'] = {}, onProgress?: NormalizeCall['onProgress']) =>
  normalize({ session: await connect(), schema: 'dev', sealer, options, onProgress });

beforeAll(async () => {
  await ensureNamedRoles();
  await prepare(database);
  await asSuperuser(
    `create role ${owner.name} login password '${owner.password}'`,
    `alter database ${database.name} owner to ${owner.name}`,
    `grant gatehouse_sql to ${owner.name}`,
  );
  const client = await database.client();
  await client.query('drop schema gatehouse cascade');
  await client.query(`alter schema public owner to ${owner.name}`);
  const connection = database.connect(owner);
  await initialize({ connection, logins: LOGINS });
  await applyMigrations({ connection, directory: 'drizzle', statementTimeout: 0 });
});
beforeEach(async () => {
  const session = await connect();
  for (const statement of [
    'drop schema if exists dev cascade',
    'drop schema if exists dev_archive cascade',
    'truncate public.users, public.legacy_runs cascade',
  ])
    await session.query(statement);
  await createLegacySchema(async (text) => session.query(text), { users: 3000 });
});
afterAll(async () => {
  for (const session of open) await session.close();
  const client = await database.client();
  await client.query(`alter database ${database.name} owner to current_user`);
  await client.query(`drop owned by ${owner.name} cascade`);
  await asSuperuser(`drop role ${owner.name}`);
});

const counts = async () => {
  const [row] = await (
    await connect()
  )
    .query(`select (select count(*)::int from public.users) as users, (select count(*)::int from public.legacy_runs) as runs,
    to_regclass('dev.users_old') is not null as is_renamed`);
  return row;
};

/** Runs until some rows are moved, then does the deed. */
const inTheMiddle = (deed: () => Promise<unknown>) => {
  let done: Promise<unknown> | undefined;
  return {
    onProgress: ({ step }: Progress) => {
      if (step === 'move') done ??= deed().catch((error: unknown) => error);
    },
    result: async () => done,
  };
};

describe('normalising on a server', () => {
  test('moves everything as an owner who is no superuser', async () => {
    const { state, report } = await run();
    expect([state, report.users]).toEqual(['normalized', 3000]);
    expect(await counts()).toEqual({ users: 3000, runs: 1, is_renamed: true });
  });

  test('refuses tables that another role owns', async () => {
    const client = await database.client();
    await client.query('alter table dev.users owner to current_user; alter table dev.emails owner to current_user');
    const { report } = await refusalOf(run());
    const refusals = report?.findings.filter(({ severity }) => severity === 'refusal').map(({ code }) => code);
    expect(refusals).toEqual(['table.not_owned', 'foreign_key.not_owned']);
    await client.query('drop schema dev cascade');
  });

  test('refuses a second run while the first is under way', async () => {
    const second = inTheMiddle(() => run());
    await run({ batchSize: 100 }, second.onProgress);
    expect(await second.result()).toMatchObject({ code: 'legacy.running' });
    expect(await counts()).toMatchObject({ runs: 1 });
  });

  test('leaves nothing behind when it is killed, and can be run again', async () => {
    const killed = inTheMiddle(() =>
      asSuperuser(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse legacy' and usename = '${owner.name}'
           and state <> 'idle' and datname = '${database.name}'`,
      ),
    );
    await expect(run({ batchSize: 50 }, killed.onProgress)).rejects.toThrow();
    expect(await counts()).toEqual({ users: 0, runs: 0, is_renamed: false });
    expect((await run()).report.users).toBe(3000);
  });

  test.each(['dev.users', 'dev.emails', 'public.users'])(
    'gives up when %s stays in use, having moved nothing',
    async (table) => {
      const other = await connect();
      await other.query('begin');
      await other.query(`lock table ${table} in row exclusive mode`);
      const refusal = await refusalOf(run({ lockTimeout: 100, lockAttempts: 2 }));
      expect(refusal.code).toBe('legacy.locked');
      await other.query('rollback');
      expect(await counts()).toEqual({ users: 0, runs: 0, is_renamed: false });
    },
  );

  test('tries again until a lock is free', async () => {
    const other = await connect();
    await other.query('begin');
    await other.query('lock table dev.emails in row exclusive mode');
    setTimeout(() => void other.query('rollback'), 500);
    expect((await run({ lockTimeout: 100 })).state).toBe('normalized');
  });

  test('takes the documented inserts, updates and deletes of a SQL client', async () => {
    await run();
    const client = await connect();
    await client.query('set role gatehouse_sql');
    for (const statement of [
      `insert into dev.user_integrations (user_id, service_id, external_user_id, display_label, is_active)
         values ('user_1', 'telegram', '7', 'Personal Telegram', true)
         on conflict (user_id, service_id, external_user_id) do update set is_active = true, updated_at = now()`,
      `update dev.user_integrations set access_token = 'new', refresh_token = '1//new', token_expires_at = now() + interval '1 hour',
         updated_at = now() where user_id = 'user_1' and service_id = 'gmail'`,
      `update dev.user_integrations set is_active = false, updated_at = now() where user_id = 'user_1' and service_id = 'telegram'`,
    ])
      await client.query(statement);
    expect(
      await client.query(`select service_id, is_active, access_token from dev.user_integrations
        where user_id = 'user_1' and service_id in ('gmail', 'telegram') order by 1`),
    ).toEqual([
      { service_id: 'gmail', is_active: true, access_token: 'new' },
      { service_id: 'telegram', is_active: false, access_token: null },
    ]);
    expect(await client.query(`select dev.get_gmail_token('user_1') ->> 'is_expired' as is_expired`)).toEqual([
      { is_expired: 'false' },
    ]);
    await client.query(`delete from dev.user_integrations where user_id = 'user_1' and service_id = 'telegram'`);
    expect(await client.query(`select dev.user_has_service('user_1', 'telegram') as has`)).toEqual([{ has: false }]);
  });
});
