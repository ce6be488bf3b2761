import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { openStage, SEALED, type Stage } from './support.ts';

/** Who may do what with requirement 1's functions: roles, settings that a client may forge, and the internal parts. */
let stage: Stage;
let mine: string;
let theirs: string;
beforeAll(async () => {
  stage = openStage();
  [mine, theirs] = [await stage.user(), await stage.user()];
});

const DENIED = { code: '42501' };
const link = 'select link_signal_to_user($1, $2)';

describe('a member', () => {
  const member = (userId = mine) => stage.as('gatehouse_member', { 'gatehouse.user_id': userId });

  it('links, reads and unlinks for the user that the gate named', async () => {
    const id = await member().value(link, [mine, 'member']);
    expect(await member().value(`select user_has_service($1, 'signal')`, [mine])).toBe(true);
    expect(await member().value(`select has_valid_token($1, 'signal')`, [mine])).toBe(false);
    expect(await member().query('select integration_id from get_user_integrations($1)', [mine])).toEqual([
      { integration_id: id },
    ]);
    expect(await member().value('select unlink_signal_from_user($1)', [mine])).toBe(true);
  });

  it('does none of it for another', async () => {
    await stage.sql.query(link, [theirs, 'theirs']);
    for (const call of [link, 'select unlink_signal_from_user($1, $2)']) {
      expect(await member().refusal(call, [theirs, 'theirs'])).toMatchObject({ code: 'GH013' });
      expect(await stage.as('gatehouse_member').refusal(call, [theirs, 'theirs'])).toMatchObject({ code: 'GH013' });
    }
    const change = JSON.stringify({ user_id: theirs, id: newId(), display_label: 'x' });
    const update = 'select gatehouse.update_integration($1::jsonb)';
    expect(await member().refusal(update, [change])).toMatchObject({ code: 'GH013' });
    const items = JSON.stringify([{ service_id: 'signal', external_user_id: 'x', user_id: mine }]);
    const bulk = await member().value<{ results: unknown[] }>('select bulk_link_services_to_user($1, $2::jsonb)', [
      theirs,
      items,
    ]);
    expect(bulk.results).toMatchObject([{ success: false, code: 'subject.forbidden' }]);
    expect(await member().query('select * from get_user_integrations($1)', [theirs])).toEqual([]);
    expect(await member().value(`select user_has_service($1, 'signal')`, [theirs])).toBe(false);
    expect(await member().value(`select get_user_integration_stats($1)->'total_integrations'`, [theirs])).toBe(0);
  });

  it.each([
    `select get_valid_token($1, 'gmail')`,
    'select get_gmail_token($1)',
    'select get_user_with_integrations($1)',
    'select * from find_incomplete_integrations(null, 1, null) where user_id = $1',
    'select cleanup_orphaned_integrations(dry_run => $1::text is null)',
    'select credentials from user_integrations where user_id = $1',
    'select auth_code from user_integrations where user_id = $1',
    'select access_token from oauth_connections where user_id = $1',
    'update user_integrations set is_active = false where user_id = $1',
    'delete from user_integrations where user_id = $1',
    `insert into user_integrations (user_id, service_id) values ($1, 'gmail')`,
    `select gatehouse.write_tokens(jsonb_build_object('integration_id', $1::text))`,
    'select gatehouse.move_integration(gen_random_uuid(), $1)',
    'select * from gatehouse.incomplete_integrations($1, 1, null)',
    'select gatehouse.may_act_for($1)',
  ])('may not: %s', async (statement) => {
    expect(await member().refusal(statement, [mine])).toMatchObject(DENIED);
  });

  it('reads neither runs nor links of a move', async () => {
    for (const table of ['legacy_runs', 'legacy_links']) {
      expect(await member().refusal(`select 1 from ${table}`)).toMatchObject(DENIED);
      expect(await stage.sql.refusal(`select 1 from ${table}`)).toMatchObject(DENIED);
    }
  });
});

describe('an administrator', () => {
  it('reports and cleans, and reads and changes no integration', async () => {
    const admin = stage.as('gatehouse_admin');
    await admin.query('select * from find_incomplete_integrations(null, 1)');
    expect(await admin.value('select cleanup_orphaned_integrations(true, 1)')).toMatchObject({ dry_run: true });
    expect(await admin.refusal('select 1 from user_integrations')).toMatchObject(DENIED);
    expect(await admin.refusal(link, [mine, 'x'])).toMatchObject(DENIED);
    expect(await admin.refusal(`select get_valid_token($1, 'gmail')`, [mine])).toMatchObject(DENIED);
  });
});

it.each(['gatehouse_app', 'gatehouse_service'])('the login %s reaches none of it without a role', async (login) => {
  const forged = stage.as(login, { 'gatehouse.user_id': mine });
  expect(await forged.refusal(link, [mine, 'x'])).toMatchObject(DENIED);
  expect(await forged.refusal(`select user_has_service($1, 'signal')`, [mine])).toMatchObject(DENIED);
});

describe('a SQL client', () => {
  it('acts on every user, and is nobody in the trail, whatever it forges', async () => {
    const forger = stage.as('gatehouse_sql', { 'gatehouse.user_id': theirs });
    const id = await forger.value(link, [mine, 'forged']);
    expect(await stage.owner.query('select user_id, created_by from user_integrations where id = $1', [id])).toEqual([
      { user_id: mine, created_by: null },
    ]);
  });

  it.each([
    `update oauth_connections set access_token = 'x' where user_id = $1`,
    'delete from oauth_connections where user_id = $1',
    'update user_integrations set connection_id = gen_random_uuid() where user_id = $1',
    `update user_integrations set user_id = 'other' where user_id = $1`,
    'update user_integrations set created_by = user_id where user_id = $1',
    `update users set email = 'x@example.com' where id = $1`,
    `update users set platform_role = 'admin' where id = $1`,
    'delete from users where id = $1',
    'select platform_role from users where id = $1',
    'select 1 from user_sessions where user_id = $1',
    'select 1 from oauth_accounts where user_id = $1',
    'insert into services (id, name, type, provider, connector_id) values ($1, $1, $1, $1, $1)',
    'select gatehouse.update_integration(jsonb_build_object($1::text, 1))',
    'select gatehouse.link_own_connection(jsonb_build_object($1::text, 1))',
    'select gatehouse.check_link(jsonb_build_object($1::text, 1))',
  ])('may not: %s', async (statement) => {
    expect(await stage.sql.refusal(statement, [mine])).toMatchObject(DENIED);
  });

  it('sees no grant of an organisation', async () => {
    expect(await stage.sql.query('select 1 from oauth_connections where user_id is null')).toEqual([]);
  });

  it('writes no tokens of an integration that is not there, and is told what a value cannot be', async () => {
    await stage.sql.query(`select gatehouse.write_tokens('{"access_token": "x"}')`);
    const refusal = await stage.sql.refusal(`select gatehouse.write_tokens('{"client_id": ["x"]}')`);
    expect(refusal).toMatchObject({ code: 'GH018', message: 'client_id: a text' });
  });

  it('moves a grant to another user unless it is proven, sealed or shared', async () => {
    const [from, to] = [await stage.user(), await stage.user()];
    const id = await stage.sql.value<string>(`select link_gmail_to_user($1, 'token')`, [from]);
    const move = 'select gatehouse.move_integration($1, $2)';
    const setGrant = (column: string, value: string) =>
      stage.owner.query(`update oauth_connections set ${column} = $2 where user_id = $1`, [from, value]);
    const account = String((await stage.grantOf(id))?.account_id);
    for (const [column, value, before] of [
      ['account_id', 'proven', account],
      ['access_token', SEALED, 'token'],
    ] as const) {
      await setGrant(column, value);
      expect(await stage.sql.refusal(move, [id, to])).toMatchObject({ code: 'GH020', detail: 'integration.sealed' });
      await setGrant(column, before);
    }
    expect(await stage.sql.refusal(move, [id, 'nobody'])).toMatchObject({ code: '23503' });
    await stage.sql.query(move, [id, to]);
    expect(await stage.owner.query('select id from user_integrations where user_id = $1', [to])).toEqual([{ id }]);
    expect(await stage.grantOf(id)).toMatchObject({ user_id: to, access_token: 'token' });
  });
});

describe('a login that is a member of gatehouse_sql', () => {
  const login = (name: string, role: string) =>
    stage.as(role, { session_authorization: name, 'gatehouse.user_id': theirs });
  const suffix = newId().slice(-12);
  const [heir, stranger] = [`test_heir_${suffix}`, `test_no_heir_${suffix}`];

  beforeAll(async () => {
    await stage.owner.query(`create role ${heir} login inherit in role gatehouse_sql`);
    await stage.owner.query(`create role ${stranger} login noinherit in role gatehouse_sql`);
  });
  afterAll(async () => {
    for (const name of [heir, stranger]) await stage.owner.query(`drop role ${name}`);
  });

  it('acts at once where it inherits, and after SET ROLE where it does not', async () => {
    expect(await login(heir, 'none').value(link, [mine, 'heir'])).toEqual(expect.any(String));
    expect(await login(heir, 'gatehouse_sql').value(link, [mine, 'heir'])).toEqual(expect.any(String));
    expect(await login(stranger, 'none').refusal(link, [mine, 'none'])).toMatchObject(DENIED);
    expect(await login(stranger, 'gatehouse_sql').value(link, [mine, 'role'])).toEqual(expect.any(String));
  });

  it('becomes neither a member of the Worker’s nor an administrator', async () => {
    for (const role of ['gatehouse_member', 'gatehouse_admin', 'gatehouse_system', 'gatehouse_app']) {
      expect(await login(heir, role).refusal('select 1')).toMatchObject(DENIED);
    }
  });
});
