import { describe, expect, it } from 'vitest';
import { legacyTables } from '../support/legacy-database.ts';
import { useRollbackDatabase } from './rollback-support.ts';
import { refusalOf } from './support.ts';

const database = useRollbackDatabase();
const { asClient, query, run, value } = database;

const ours = async (): Promise<unknown[]> =>
  Promise.all(
    ['users', 'user_integrations', 'oauth_connections', 'legacy_links'].map((table) =>
      value(`select count(*)::int from public.${table}`),
    ),
  );

describe('a rollback of what nobody touched', () => {
  it.each(['text', 'timestamp', 'timestamptz'] as const)(
    'leaves every row and all of the catalogue as they were, and nothing among ours (dates as %s)',
    async (dates) => {
      await database.make({ dates });
      await database.normalize({ timeZone: 'Europe/Berlin' });
      const { state, report } = await database.rollback();
      expect(await database.differences()).toEqual([]);
      expect(await ours()).toEqual([0, 0, 0, 0]);
      expect({ state, ...report, seconds: 0 }).toMatchObject({ state: 'rolled_back', changed: 0, added: 0, stayed: 0 });
      expect(report.findings).toEqual([]);
    },
  );

  it('leaves the tables where a second normalisation finds them, and a second rollback ends the same', async () => {
    await database.make();
    const first = await database.normalize();
    await database.rollback();
    const second = await database.normalize();
    expect(second.report.integrations).toEqual(first.report.integrations);
    await database.rollback();
    expect(await database.differences()).toEqual([]);
  });

  it('does the same when tokens were kept plain', async () => {
    await database.make();
    await database.normalize({ keepPlain: true });
    await database.rollback();
    expect(await database.differences()).toEqual([]);
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    await database.make();
    await database.normalize();
    const before = await ours();
    const { state, report } = await database.rollback({ dryRun: true });
    expect([state, report.removed.users]).toEqual(['dry_run', 60]);
    expect(await ours()).toEqual(before);
    expect(await value(`select state from public.legacy_runs`)).toBe('normalized');
    expect(await value(`select count(*)::int from dev.user_integrations`)).toBe(before[1]);
  });
});

describe('a rollback after writes through the views and functions', () => {
  it('writes profiles, tokens, ids and disconnections into the legacy columns, and touches no other row', async () => {
    await database.make();
    await database.normalize();
    await asClient(`update dev.users set display_name = 'New "name"', phone_number = null where id = 'user_1'`);
    await asClient(`update dev.user_integrations set access_token = 'new é', refresh_token = 'renewed',
      token_expires_at = '2027-05-06 07:08:09.25+00' where user_id = 'user_2' and service_id = 'gmail'`);
    await asClient(
      `update dev.user_integrations set external_user_id = 'telegram_new' where user_id = 'user_4' and service_id = 'telegram'`,
    );
    await asClient(`insert into dev.user_integrations (user_id, service_id, external_user_id) values ('user_5', 'telegram', 'telegram_5')
      on conflict (user_id, service_id, external_user_id) do update set is_active = true`);
    await asClient(`select dev.unlink_signal_from_user('user_6')`);
    await asClient(
      `update dev.user_integrations set is_active = false where user_id = 'user_7' and service_id = 'gmail'`,
    );
    await asClient(`delete from dev.user_integrations where user_id = 'user_8' and service_id = 'telegram'`);
    const { report } = await database.rollback();
    const read = async (columns: string, id: string) =>
      (await query(`select ${columns} from dev.users where id = '${id}'`))[0];
    expect(await read('display_name, phone_number', 'user_1')).toEqual({
      display_name: 'New "name"',
      phone_number: null,
    });
    expect(await read('access_token, refresh_token, token_expiration_date', 'user_2')).toEqual({
      access_token: 'new é',
      refresh_token: 'renewed',
      token_expiration_date: expect.stringMatching(/^2027-05-06T07:08:09\.25/),
    });
    expect(await read('telegram_id', 'user_4')).toEqual({ telegram_id: 'telegram_new' });
    expect(await read('telegram_id', 'user_5')).toEqual({ telegram_id: 'telegram_5' });
    expect(await read('signal_source_uuid', 'user_6')).toEqual({ signal_source_uuid: null });
    expect(await read('access_token, refresh_token, client_id', 'user_7')).toEqual({
      access_token: null,
      refresh_token: null,
      client_id: null,
    });
    expect(await read('telegram_id, telegram_signup_token', 'user_8')).toEqual({
      telegram_id: null,
      telegram_signup_token: null,
    });
    const touched = (await database.rows()).map((line) => /^dev\.users [-+]\((user_\d+),/.exec(line)?.[1] ?? line);
    expect([...new Set(touched)].sort()).toEqual([1, 2, 4, 5, 6, 7, 8].map((i) => `user_${i}`));
    expect(report.changed).toBe(7);
    expect((await database.differences()).filter((line) => !line.includes('dev.users '))).toEqual([]);
  });

  it('keeps what is not named in a changed row byte for byte: dates that cannot be read, empty texts', async () => {
    await database.make();
    await run(`update dev.users set token_expiration_date = 'never', access_token_2 = '' where id = 'user_2'`);
    await database.normalize();
    await asClient(
      `update dev.user_integrations set access_token = 'new' where user_id = 'user_2' and service_id = 'gmail'`,
    );
    await database.rollback();
    expect(
      await query(`select access_token, token_expiration_date, access_token_2 from dev.users where id = 'user_2'`),
    ).toEqual([{ access_token: 'new', token_expiration_date: 'never', access_token_2: '' }]);
  });

  it('adds new users with their credentials and the rows that refer to them', async () => {
    await database.make();
    await database.normalize();
    await asClient(
      `insert into dev.users (id, email, display_name, created_at) values ('late', 'late@example.com', 'Late', '2020-02-02')`,
    );
    await asClient(`select dev.link_gmail_to_user('late', 'ya29.late', '1//late', '2027-01-01 00:00:00+00')`);
    await asClient(`select dev.link_telegram_to_user('late', 'telegram_late')`);
    await run(`insert into dev.digests (user_id, body) values ('late', 'hello')`);
    const { report } = await database.rollback();
    expect(report.added).toBe(1);
    expect(
      await query(`select u.display_name, u.access_token, u.refresh_token, u.token_expiration_date, u.telegram_id, u.onboarding_step,
        u.created_at::text, d.body from dev.users u join dev.digests d on d.user_id = u.id where u.id = 'late'`),
    ).toEqual([
      {
        display_name: 'Late',
        access_token: 'ya29.late',
        refresh_token: '1//late',
        token_expiration_date: '2027-01-01 00:00:00',
        telegram_id: 'telegram_late',
        onboarding_step: 0,
        created_at: expect.stringContaining('2020-02-02'),
        body: 'hello',
      },
    ]);
    await database.normalize();
    expect(await value(`select dev.get_telegram_id('late')`)).toBe('telegram_late');
  });

  it('leaves among ours, with their users, what no legacy column can hold, and says so', async () => {
    await database.make();
    await database.normalize();
    await asClient(`select dev.link_whatsapp_to_user('user_1', 'whatsapp_1')`);
    await asClient(
      `select dev.link_service_to_user('user_2', 'gmail', 'second@example.com', null, null, 'ya29.second')`,
    );
    await asClient(
      `update dev.user_integrations set display_label = 'Mine' where user_id = 'user_4' and service_id = 'telegram'`,
    );
    await asClient(`select dev.unlink_signal_from_user('user_6')`);
    await run(`insert into organizations (id, name) values (gen_random_uuid(), 'A team');
      insert into memberships (organization_id, user_id, role) select id, 'user_9', 'member' from organizations`);
    const { report } = await database.rollback();
    expect(report.stayed).toBe(5);
    expect(report.findings.map(({ code, count }) => [code, count])).toEqual([
      ['stays.account', 1],
      ['stays.inactive', 1],
      ['stays.label', 1],
      ['stays.service', 1],
    ]);
    expect(
      await query(`select user_id, service_id, external_user_id from public.user_integrations order by 1, 2, 3`),
    ).toMatchObject([
      { user_id: 'user_1', service_id: 'whatsapp' },
      { user_id: 'user_2', service_id: 'gmail', external_user_id: 'second@example.com' },
      { user_id: 'user_4', service_id: 'telegram' },
      { user_id: 'user_6', service_id: 'signal' },
    ]);
    expect((await database.rows()).filter((line) => !line.includes('(user_6,'))).toEqual([]);
  });

  it('lets the schema be normalised again when users stayed among ours, and then has both sides of them', async () => {
    await database.make();
    await database.normalize();
    await asClient(`select dev.link_whatsapp_to_user('user_1', 'whatsapp_1')`);
    await asClient(
      `update dev.user_integrations set display_label = 'Mine' where user_id = 'user_4' and service_id = 'telegram'`,
    );
    await database.rollback();
    await run(`update dev.users set display_name = 'Changed meanwhile' where id = 'user_1'`);
    await database.normalize();
    expect(await query(`select display_name from public.users where id = 'user_1'`)).toEqual([
      { display_name: 'Changed meanwhile' },
    ]);
    expect(
      await query(
        `select display_label, external_user_id from dev.user_integrations where user_id = 'user_4' and service_id = 'telegram'`,
      ),
    ).toEqual([{ display_label: 'Mine', external_user_id: 'telegram_4' }]);
    expect(await value(`select dev.user_has_service('user_1', 'whatsapp')`)).toBe(true);
  });

  it('deletes from the legacy table whoever was deleted since', async () => {
    await database.make();
    await run(`alter table dev.emails drop constraint emails_user_id_fkey; delete from dev.emails`);
    await database.normalize();
    await run(`delete from public.user_integrations where user_id = 'user_11'; delete from dev.tasks where user_id = 'user_11';
      delete from dev.contacts where owner_id = 'user_11'; delete from public.users where id = 'user_11'`);
    const { report } = await database.rollback();
    expect(report.deleted).toBe(1);
    expect(report.findings).toMatchObject([{ code: 'users.deleted', examples: ['user_11'] }]);
    expect(await value(`select count(*)::int from dev.users where id = 'user_11'`)).toBe(0);
  });
});

describe('a rollback that cannot be', () => {
  it('is refused when the schema is not normalised, or was rolled back', async () => {
    await database.make();
    expect((await refusalOf(database.rollback())).message).toBe('The schema "dev" was never normalised.');
    await database.normalize();
    await database.rollback();
    expect(await refusalOf(database.rollback())).toMatchObject({
      code: 'legacy.not_normalized',
      message: expect.stringContaining('rolled back already'),
    });
  });

  it('is refused, and changes nothing, when new users lack what the legacy table requires', async () => {
    await database.make();
    await run(
      `alter table dev.users add badge text; update dev.users set badge = 'b' || id; alter table dev.users alter badge set not null`,
    );
    await database.normalize();
    await asClient(`insert into dev.users (id) values ('late')`);
    const refused = await refusalOf(database.rollback());
    expect(refused).toMatchObject({
      code: 'legacy.refused',
      message: expect.stringMatching(/1 users.*\(badge\): late.*drop not null/),
    });
    expect(await value(`select count(*)::int from dev.users`)).toBe(61);
    await run(`alter table dev.users_old alter badge set default 'none'`);
    await database.rollback();
    expect(await value(`select badge from dev.users where id = 'late'`)).toBe('none');
  });

  it('is refused when something was built on the views', async () => {
    await database.make();
    await database.normalize();
    await run('create view public.built_since as select id from dev.users');
    expect(await refusalOf(database.rollback())).toMatchObject({
      code: 'legacy.refused',
      message: expect.stringContaining('built_since'),
    });
    await run('drop view public.built_since');
    await database.rollback();
    expect(await database.differences()).toEqual([]);
  });

  it('is refused without a value in the message when the legacy table does not take what was written', async () => {
    await database.make();
    await run(`alter table dev.users add constraint short_token check (length(access_token) < 20000)`);
    await database.normalize();
    await asClient(
      `update dev.user_integrations set access_token = repeat('secret', 5000) where user_id = 'user_2' and service_id = 'gmail'`,
    );
    const refused = await refusalOf(database.rollback());
    expect(refused.message).toMatch(/short_token/);
    expect(refused.message).not.toContain('secret');
  });
});

it('ends where the rollback script of the requirement ends', async () => {
  await database.make({ users: 12, hasAwkwardValues: false });
  await database.normalize();
  await database.rollback();
  const state = async () => ({
    keys: await query(`select conname, pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'f'
      and conrelid = any (array['dev.digests', 'dev.emails', 'dev.preferences', 'dev.user_logs']::regclass[]) order by 1`),
    users: await query(`select u::text from dev.users u order by id`),
    tables: await query(
      `select relname from pg_class where relnamespace = 'dev'::regnamespace and relkind in ('r', 'v') order by 1`,
    ),
  });
  const ended = await state();
  // The document's migration as it stood before its rollback, in so far as its script touches it.
  await run(`alter table dev.users rename to users_old; create table dev.users (id text primary key);
    insert into dev.users select id from dev.users_old; create table dev.services (id text); create table dev.user_integrations (id uuid)`);
  for (const table of ['digests', 'emails', 'preferences', 'user_logs']) {
    await run(`alter table dev.${table} drop constraint ${table}_user_id_fkey;
      alter table dev.${table} add constraint ${table}_user_id_fkey foreign key (user_id) references dev.users (id)`);
  }
  await run(DOCUMENT_SCRIPT);
  expect(await state()).toEqual(ended);
  expect(legacyTables('dev')).toHaveLength(9);
});

const DOCUMENT_SCRIPT = `BEGIN;
DROP TABLE IF EXISTS dev.user_integrations CASCADE;
DROP TABLE IF EXISTS dev.services CASCADE;
DROP TABLE IF EXISTS dev.users CASCADE;
ALTER TABLE dev.users_old RENAME TO users;
ALTER TABLE dev.digests ADD CONSTRAINT digests_user_id_fkey
  FOREIGN KEY (user_id) REFERENCES dev.users(id);
ALTER TABLE dev.emails ADD CONSTRAINT emails_user_id_fkey
  FOREIGN KEY (user_id) REFERENCES dev.users(id);
ALTER TABLE dev.preferences ADD CONSTRAINT preferences_user_id_fkey
  FOREIGN KEY (user_id) REFERENCES dev.users(id);
ALTER TABLE dev.user_logs ADD CONSTRAINT user_logs_user_id_fkey
  FOREIGN KEY (user_id) REFERENCES dev.users(id);
SELECT count(*) FROM dev.users;
COMMIT;`;
