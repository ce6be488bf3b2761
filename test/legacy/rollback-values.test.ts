import { describe, expect, it } from 'vitest';
import { sealedFor } from '../../src/domain/oauth/vault.ts';
import { useRollbackDatabase } from './rollback-support.ts';
import { freshSealer, refusalOf, SMALL_TABLE } from './support.ts';

const database = useRollbackDatabase();
const { asClient, query, run } = database;

const OTHER_TYPES = `create schema dev;
  create table dev.users (id varchar(40) primary key, email varchar(100), created_at timestamp default now(), display_name varchar(10) not null,
    access_token text not null default '', refresh_token text, token_expiration_date bigint, refresh_expired boolean not null default false,
    granted_scopes text[], telegram_id bigint, signal_source_uuid uuid);
  insert into dev.users values ('a', 'a@example.com', '2024-02-03 04:05:06', 'A', 'token', 'refresh', 1760436000000, true, array['x', 'y'], 42,
    '01a1fedc-443e-74cd-a372-6d9325ae4ef8'), ('b', null, null, 'B', '', null, null, false, null, null, null)`;

describe('columns of other types', () => {
  it('are what they were when nobody touched them', async () => {
    await run(OTHER_TYPES);
    const before = await query('select u::text from dev.users u order by id');
    await database.normalize({ timeZone: 'Asia/Tokyo' });
    const { report } = await database.rollback();
    expect(report.changed).toBe(0);
    expect(await query('select u::text from dev.users u order by id')).toEqual(before);
  });

  it('take what was written since in their own words', async () => {
    await run(OTHER_TYPES);
    await database.normalize({ timeZone: 'Asia/Tokyo' });
    await asClient(`update dev.user_integrations set access_token = 'new', refresh_expired = false, granted_scopes = '["z", "w"]',
      token_expires_at = '2026-07-01 12:00:00+00' where user_id = 'a' and service_id = 'gmail'`);
    await asClient(
      `update dev.user_integrations set external_user_id = '43' where user_id = 'a' and service_id = 'telegram'`,
    );
    await asClient(`insert into dev.users (id, display_name, created_at) values ('c', 'C', '2026-07-01 12:00:00+00')`);
    await asClient(`select dev.link_signal_to_user('c', '01a1fedc-443e-74cd-a372-6d9325ae4ef9')`);
    await database.rollback();
    expect(
      await query(`select access_token, refresh_token, token_expiration_date::text as ends, refresh_expired, granted_scopes, telegram_id::text
      from dev.users where id = 'a'`),
    ).toEqual([
      {
        access_token: 'new',
        refresh_token: 'refresh',
        ends: '1782907200000',
        refresh_expired: false,
        granted_scopes: ['z', 'w'],
        telegram_id: '43',
      },
    ]);
    expect(
      await query(`select access_token, created_at::text, signal_source_uuid from dev.users where id = 'c'`),
    ).toEqual([
      {
        access_token: '',
        created_at: '2026-07-01 21:00:00',
        signal_source_uuid: '01a1fedc-443e-74cd-a372-6d9325ae4ef9',
      },
    ]);
  });

  it('say nothing of what they cannot hold, which stays among ours', async () => {
    await run(OTHER_TYPES);
    await database.normalize();
    await asClient(
      `update dev.user_integrations set external_user_id = 'not a number' where user_id = 'a' and service_id = 'telegram'`,
    );
    await asClient(`update dev.user_integrations set is_active = false where user_id = 'a' and service_id = 'gmail'`);
    await asClient(`update dev.users set display_name = 'longer than ten' where id = 'b'`);
    const { report } = await database.rollback();
    expect(
      await query(`select telegram_id, access_token, refresh_expired, display_name from dev.users order by id`),
    ).toEqual([
      { telegram_id: null, access_token: '', refresh_expired: false, display_name: 'A' },
      { telegram_id: null, access_token: '', refresh_expired: false, display_name: 'B' },
    ]);
    expect(await query('select id, display_name from public.users order by id')).toEqual([
      { id: 'a', display_name: 'A' },
      { id: 'b', display_name: 'longer than ten' },
    ]);
    expect(await query('select service_id, external_user_id from public.user_integrations order by 1')).toEqual([
      { service_id: 'gmail', external_user_id: null },
      { service_id: 'telegram', external_user_id: 'not a number' },
    ]);
    expect(report.findings.map(({ code }) => code)).toEqual(['users.unheld', 'stays.account', 'stays.inactive']);
  });
});

describe('grants that were refreshed and sealed anew', () => {
  it('of one account that both services share by now go back into both sets of columns', async () => {
    await run(SMALL_TABLE);
    await run(`insert into dev.users (id, access_token, refresh_token, token_expiration_date, access_token_2, refresh_token_2)
      values ('a', 'one', 'one refresh', '2025-10-14T10:00:00Z', 'two', 'two refresh')`);
    await database.normalize();
    const seal = (text: string, field: 'access_token' | 'refresh_token') =>
      database.sealer.seal(text, sealedFor({ owner: 'user:a', connector: 'google', accountId: '1234' }, field));
    const [gmail] = await query(`select connection_id from public.user_integrations where service_id = 'gmail'`);
    await query(
      `update public.oauth_connections set account_id = '1234', access_token = $1, refresh_token = $2, version = version + 1,
        expires_at = '2027-01-01 00:00:00+00', connector_metadata = '{"google": {"email": "a@example.com"}}' where id = $3`,
      [await seal('fresh', 'access_token'), await seal('fresh refresh', 'refresh_token'), gmail?.['connection_id']],
    );
    await query(`update public.user_integrations set connection_id = $1 where service_id = 'google_calendar'`, [
      gmail?.['connection_id'],
    ]);
    const { report } = await database.rollback();
    expect(
      await query(
        'select access_token, refresh_token, token_expiration_date, access_token_2, token_expiration_date_2 from dev.users',
      ),
    ).toEqual([
      {
        access_token: 'fresh',
        refresh_token: 'fresh refresh',
        token_expiration_date: '2027-01-01T00:00:00Z',
        access_token_2: 'fresh',
        token_expiration_date_2: '2027-01-01 00:00:00',
      },
    ]);
    expect(report.findings).toMatchObject([{ code: 'stays.verified', count: 2 }]);
    expect(await query('select count(*)::int from public.oauth_connections')).toEqual([{ count: 1 }]);
  });

  it('stop the rollback, by name and without a value, when their key is not in the ring', async () => {
    await run(SMALL_TABLE);
    await run(`insert into dev.users (id, access_token) values ('a', 'one')`);
    await database.normalize();
    const sealed = await freshSealer().seal(
      'fresh',
      sealedFor({ owner: 'user:a', connector: 'google', accountId: 'other' }, 'access_token'),
    );
    await query('update public.oauth_connections set access_token = $1', [sealed]);
    expect(await refusalOf(database.rollback())).toMatchObject({
      code: 'legacy.unreadable',
      message: expect.stringMatching(/The gmail account of user "a" does not open with TOKEN_KEYS/),
    });
    expect(await query('select count(*)::int from dev.user_integrations')).toEqual([{ count: 1 }]);
  });
});
