import { describe, expect, test } from 'vitest';

import { normalize } from '../../src/db/legacy/index.ts';
import { createLegacySchema } from '../support/legacy-database.ts';
import { SMALL_TABLE, useLegacyDatabase } from './support.ts';

const legacy = useLegacyDatabase();

const keys = async () =>
  Object.fromEntries(
    (
      await legacy.query(`select conrelid::regclass || '.' || conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
        where contype = 'f' and conparentid = 0 and confrelid = 'public.users'::regclass and connamespace <> 'public'::regnamespace
        order by 1`)
    ).map(({ name, definition }) => [name, definition]),
  );

describe('foreign keys', () => {
  test('of every table in every schema refer to our users, with name, actions, match type and deferrability', async () => {
    await createLegacySchema(legacy.run, { users: 60 });
    await legacy.normalize();
    expect(await keys()).toEqual({
      'dev.contacts.contacts_owner_fkey':
        'FOREIGN KEY (owner_id, owner_email) REFERENCES users(id, email) MATCH FULL ON UPDATE CASCADE',
      'dev.digests.digests_user_id_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id)',
      'dev.emails.emails_user_id_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id)',
      'dev.preferences.preferences_user_id_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id)',
      'dev.tasks.tasks_user_id_fkey':
        'FOREIGN KEY (user_id) REFERENCES users(id) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
      'dev.user_logs.user_logs_user_id_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id)',
      'dev_archive.notes.Notes of "author"': 'FOREIGN KEY (author) REFERENCES users(id) ON DELETE CASCADE',
    });
    await expect(legacy.run(`insert into dev.emails (user_id) values ('nobody')`)).rejects.toThrow('foreign key');
    const [comment] = await legacy.query(
      `select obj_description(oid, 'pg_constraint') as comment from pg_constraint where conname = 'digests_user_id_fkey'`,
    );
    expect(comment).toEqual({ comment: 'whose digest' });
  });

  test('that were not validated stay so, and are not checked', async () => {
    await legacy.run(`${SMALL_TABLE}; create table dev.logs (user_id varchar(80)); insert into dev.logs values ('gone');
      alter table dev.logs add constraint logs_fkey foreign key (user_id) references dev.users not valid`);
    await legacy.normalize();
    expect(await keys()).toEqual({ 'dev.logs.logs_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id) NOT VALID' });
  });

  test('of rows whose user is missing hold for new rows alone, and are reported', async () => {
    await legacy.run(`${SMALL_TABLE}; create table dev.logs (user_id text constraint logs_fkey references dev.users);
      set session_replication_role = replica; insert into dev.logs values ('gone'); reset session_replication_role`);
    const { report } = await legacy.normalize();
    expect(report.findings).toMatchObject([{ code: 'foreign_key.orphans', examples: ['dev.logs.logs_fkey'] }]);
    expect(await keys()).toEqual({ 'dev.logs.logs_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id) NOT VALID' });
    await expect(legacy.run(`insert into dev.logs values ('another')`)).rejects.toThrow('foreign key');
  });

  test('that name a column which moves beside the id refer to the id alone, and are reported', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add unique (id, telegram_id);
      create table dev.chats ("user ""id" text, telegram text, constraint "chats fkey" foreign key (telegram, "user ""id")
        references dev.users (telegram_id, id) on delete set null (telegram) deferrable);`);
    const { report } = await legacy.normalize();
    expect(report.findings).toMatchObject([{ code: 'foreign_key.narrowed', examples: ['dev.chats.chats fkey'] }]);
    expect(await keys()).toEqual({
      'dev.chats.chats fkey': 'FOREIGN KEY ("user ""id") REFERENCES users(id) ON DELETE SET NULL DEFERRABLE',
    });
  });

  test('of partitioned tables move with all partitions', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id) values ('user_1');
      create table dev.events (user_id text constraint events_fkey references dev.users, day date) partition by range (day);
      create table dev.events_1 partition of dev.events for values from ('2026-01-01') to ('2027-01-01');
      insert into dev.events values ('user_1', '2026-05-05')`);
    await legacy.normalize();
    expect(await keys()).toEqual({ 'dev.events.events_fkey': 'FOREIGN KEY (user_id) REFERENCES users(id)' });
    await expect(legacy.run(`insert into dev.events_1 values ('nobody', '2026-05-05')`)).rejects.toThrow('foreign key');
  });

  test('of the table to itself stay with it', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add manager text references dev.users`);
    await legacy.normalize();
    expect(await keys()).toEqual({});
    expect(
      await legacy.query(
        `select confrelid::regclass::text as table from pg_constraint where conname = 'users_manager_fkey'`,
      ),
    ).toEqual([{ table: 'dev.users_old' }]);
  });
});

describe('the old schema', () => {
  test('keeps its table untouched under another name', async () => {
    await createLegacySchema(legacy.run, { users: 60 });
    const before = await legacy.query('select t::text from dev.users t order by id');
    await legacy.normalize();
    expect(await legacy.query('select t::text from dev.users_old t order by id')).toEqual(before);
  });

  test('has the profile, the catalogue and the integrations as views, under the documented columns', async () => {
    await createLegacySchema(legacy.run, { users: 6 });
    await legacy.normalize();
    const columns =
      await legacy.query(`select table_name, string_agg(column_name, ' ' order by ordinal_position) as columns
      from information_schema.columns where table_schema = 'dev' and table_name in ('users', 'services', 'user_integrations') group by 1 order by 1`);
    expect(columns.map(({ columns: names }) => names)).toEqual([
      'id name type provider is_active metadata',
      'id user_id service_id is_active display_label access_token refresh_token token_expires_at refresh_expired client_id client_secret auth_code granted_scopes external_user_id external_username credentials metadata created_at updated_at',
      'id created_at email display_name position role phone_number time_zone',
    ]);
  });

  test('may have a name that must be quoted', async () => {
    const schema = `Old "dev" 1`;
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, telegram_id) values ('user_1', '7');
      create table dev.logs (user_id text references dev.users); alter schema dev rename to "Old ""dev"" 1"`);
    try {
      const { session, sealer } = legacy;
      expect(await normalize({ session, sealer, schema })).toMatchObject({ state: 'normalized', report: { users: 1 } });
      expect(await legacy.asClient(`select "Old ""dev"" 1".get_telegram_id('user_1') as id`)).toEqual([{ id: '7' }]);
    } finally {
      await legacy.run('drop schema "Old ""dev"" 1" cascade');
    }
  });

  test('lends its views no rights: who lacks them on our tables is refused', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id) values ('user_1')`);
    await legacy.normalize();
    await legacy.run(
      'create role stranger; grant usage on schema dev to stranger; grant select on all tables in schema dev to stranger',
    );
    try {
      await expect(legacy.run('set role stranger; select * from dev.user_integrations')).rejects.toThrow(
        'permission denied',
      );
    } finally {
      await legacy.run('reset role; drop owned by stranger; drop role stranger');
    }
  });

  test('takes inserts, updates and deletes of SQL clients', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users alter display_name set default 'Nobody';
      insert into dev.users (id, access_token) values ('user_1', 'ya29')`);
    await legacy.normalize();
    const client = legacy.asClient;
    const insert = `insert into dev.user_integrations (user_id, service_id, external_user_id, is_active) values ('user_1', 'telegram', '7', true)
      on conflict (user_id, service_id, external_user_id) do update set is_active = true, updated_at = now()`;
    await client(insert);
    await client(`update dev.user_integrations set is_active = false where service_id = 'telegram'`);
    await client(insert);
    await client(`update dev.user_integrations set access_token = 'new', refresh_token = '1//new', client_secret = 's',
      granted_scopes = '["a", "b"]', token_expires_at = '2030-01-01 00:00:00+00', refresh_expired = false where service_id = 'gmail'`);
    await client(`insert into dev.users (id, email) values ('user_2', 'two@example.com')`);
    await client(`update dev.users set role = 'x' where id = 'user_2'`);
    expect(
      await client(`select service_id, is_active, access_token, refresh_token, granted_scopes, refresh_expired, external_user_id
      from dev.user_integrations order by 1`),
    ).toEqual([
      {
        service_id: 'gmail',
        is_active: true,
        access_token: 'new',
        refresh_token: '1//new',
        granted_scopes: ['a', 'b'],
        refresh_expired: false,
        external_user_id: null,
      },
      {
        service_id: 'telegram',
        is_active: true,
        access_token: null,
        refresh_token: null,
        granted_scopes: null,
        refresh_expired: false,
        external_user_id: '7',
      },
    ]);
    expect(await client(`select display_name, role from dev.users where id = 'user_2'`)).toEqual([
      { display_name: 'Nobody', role: 'x' },
    ]);
    await client(`delete from dev.user_integrations where user_id = 'user_1'`);
    expect(await legacy.query('select id from oauth_connections')).toEqual([]);
  });

  test('has every function of requirement 1, with the names, defaults and result of ours', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id) values ('user_1')`);
    await legacy.normalize();
    const signatures = async (schema: string) =>
      legacy.query(`select proname, pg_get_function_arguments(oid) as arguments, pg_get_function_result(oid) as result, provolatile
        from pg_proc where pronamespace = '${schema}'::regnamespace and proname in (select proname from pg_proc where pronamespace = 'dev'::regnamespace) order by 1, 2`);
    const ours = await signatures('public');
    expect(ours.length).toBeGreaterThanOrEqual(27);
    expect(await signatures('dev')).toEqual(ours);
    await legacy.asClient(`select dev.link_telegram_to_user(user_id => 'user_1', external_user_id => '77')`);
    expect(await legacy.asClient(`select dev.get_telegram_id('user_1') as id`)).toEqual([{ id: '77' }]);
    expect(await legacy.asClient(`select service_name from dev.get_user_integrations('user_1')`)).toEqual([
      { service_name: 'Telegram' },
    ]);
  });

  test('lets SQL clients read of users_old what the verification asks, and no refresh token', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, refresh_token) values ('user_1', 'r')`);
    await legacy.normalize();
    expect(await legacy.asClient('select count(*)::int as n from dev.users_old')).toEqual([{ n: 1 }]);
    expect(await legacy.asClient('select id from dev.users_old where access_token is not null')).toEqual([]);
    await expect(legacy.asClient('select refresh_token from dev.users_old')).rejects.toThrow('permission denied');
  });
});
