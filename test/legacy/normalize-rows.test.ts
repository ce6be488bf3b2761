import { describe, expect, test } from 'vitest';

import { integrationContext, metadataContext, tokenContext } from '../../src/db/legacy/sealing-contexts.ts';
import { isSealed } from '../../src/lib/sealing.ts';
import { createLegacySchema, expectedCredentials } from '../support/legacy-database.ts';
import { SMALL_TABLE, useLegacyDatabase } from './support.ts';

const legacy = useLegacyDatabase();

const grantOf = async (userId: string, service: string) => {
  const [row] = await legacy.query(
    `select c.*, c.expires_at::text as ends, c.next_refresh_at - now() < interval '1 hour 1 minute' as is_due_in_an_hour
       from oauth_connections c join user_integrations ui on ui.connection_id = c.id and ui.user_id = c.user_id
      where ui.user_id = $1 and ui.service_id = $2`,
    [userId, service],
  );
  return row ?? {};
};

describe('normalising moves', () => {
  test('every user with id, address, times and descriptive role, and grants nobody anything', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, email, created_at, display_name, role) values
      ('user_1', 'Ada@Example.com', '2020-02-29 12:00:00.123456+00', 'Ada', 'admin'), ('user_2', '', null, '', null)`);
    await legacy.normalize();
    expect(
      await legacy.query(`select id, email, display_name, role, platform_role, email_verified_at,
        to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as created_at from users order by id`),
    ).toMatchObject([
      {
        id: 'user_1',
        email: 'Ada@Example.com',
        display_name: 'Ada',
        role: 'admin',
        platform_role: 'user',
        email_verified_at: null,
        created_at: '2020-02-29 12:00:00.123456',
      },
      { id: 'user_2', email: null, display_name: null, role: null, platform_role: 'user' },
    ]);
  });

  test('the tokens of Gmail and Calendar into two grants of unknown accounts, sealed for their row', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, access_token, refresh_token, client_id,
      token_expiration_date, access_token_2) values ('user_1', 'ya29.mail', '1//mail', 'client', '2999-01-01 00:00:00', 'ya29.cal')`);
    const { report } = await legacy.normalize();
    expect(report).toMatchObject({ users: 1, connections: 2, sealed: 3 });
    const [mail, calendar] = [await grantOf('user_1', 'gmail'), await grantOf('user_1', 'google_calendar')];
    expect(mail).toMatchObject({ connector_id: 'google', client_id: 'client', status: 'active', created_by: null });
    expect(mail['account_id']).not.toBe(calendar['account_id']);
    expect(String(mail['account_id'])).toMatch(/^unverified:[0-9a-f]{64}$/);
    const open = async (value: unknown, field: 'access_token' | 'refresh_token') =>
      legacy.sealer.open(String(value), await tokenContext('user_1', 'gmail', field));
    expect(await open(mail['access_token'], 'access_token')).toBe('ya29.mail');
    expect(await open(mail['refresh_token'], 'refresh_token')).toBe('1//mail');
    await expect(open(mail['access_token'], 'refresh_token')).rejects.toThrow('belongs elsewhere');
    expect(calendar).toMatchObject({ refresh_token: null, next_refresh_at: null });
  });

  test.each([
    ['jsonb', `'["a", "b"]'`],
    ['text', `'["a","b"]'`],
    ['text', `'a,b'`],
    ['text', `'a b'`],
    ['text[]', `array['a', 'b']`],
  ])('granted scopes of type %s, such as %s', async (type, value) => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add granted_scopes ${type}; insert into dev.users
      (id, access_token, granted_scopes) values ('user_1', 'a', ${value})`);
    await legacy.normalize();
    expect(await grantOf('user_1', 'gmail')).toMatchObject({ scopes: 'a b' });
  });

  test('an authorisation code, sealed, without a grant', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add auth_code_2 text; insert into dev.users (id, auth_code_2)
      values ('user_1', '4/code')`);
    await legacy.normalize();
    const [row] = await legacy.query('select service_id, connection_id, auth_code from user_integrations');
    expect(row).toMatchObject({ service_id: 'google_calendar', connection_id: null });
    const context = integrationContext('user_1', 'google_calendar', { field: 'auth_code', externalUserId: null });
    expect(await legacy.sealer.open(String(row?.['auth_code']), context)).toBe('4/code');
  });

  test('a grant whose refresh token is known to have expired as expired, which nobody tries to refresh', async () => {
    await legacy.run(
      `${SMALL_TABLE}; insert into dev.users (id, refresh_token, refresh_expired) values ('user_1', '1//r', true)`,
    );
    await legacy.normalize();
    expect(await grantOf('user_1', 'gmail')).toMatchObject({
      status: 'expired',
      next_refresh_at: null,
      identify_at: null,
      access_token: '',
      ends: '1970-01-01 00:00:00+00',
    });
  });

  test('a due refresh to some time in the next hour or more, a later one to the last quarter of an hour of its token', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, access_token, refresh_token, token_expiration_date) select
      'user_' || i, 'a', 'r', case when i <= 50 then '2020-01-01 00:00:00' else '2999-01-01 00:00:00' end from generate_series(1, 60) i`);
    await legacy.normalize();
    const [spread] = await legacy.query(`select
        count(distinct next_refresh_at) filter (where expires_at < now())::int as different,
        max(next_refresh_at) filter (where expires_at < now()) - min(next_refresh_at) filter (where expires_at < now()) > interval '10 minutes' as is_wide,
        bool_and(next_refresh_at > now() and next_refresh_at < now() + interval '61 minutes') filter (where expires_at < now()) as is_soon,
        bool_and(next_refresh_at between expires_at - interval '15 minutes' and expires_at) filter (where expires_at > now()) as is_before_the_end
      from oauth_connections`);
    expect(spread).toEqual({ different: 50, is_wide: true, is_soon: true, is_before_the_end: true });
  });

  test('a Telegram account with its sign-up token sealed; a sign-up that was never finished is not active', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, telegram_id, telegram_signup_token, signal_source_uuid)
      values ('user_1', '456', 'begun', 'uuid-1'), ('user_2', null, 'begun', '')`);
    await legacy.normalize();
    const rows = await legacy.query(
      'select user_id, service_id, external_user_id, is_active, credentials from user_integrations order by 1, 2',
    );
    expect(rows).toMatchObject([
      { user_id: 'user_1', service_id: 'signal', external_user_id: 'uuid-1', is_active: true, credentials: null },
      { user_id: 'user_1', service_id: 'telegram', external_user_id: '456', is_active: true },
      { user_id: 'user_2', service_id: 'telegram', external_user_id: null, is_active: false },
    ]);
    const context = integrationContext('user_1', 'telegram', { field: 'credentials', externalUserId: '456' });
    expect(await legacy.sealer.open(String(rows[1]?.['credentials']), context)).toBe(
      '{"telegram_signup_token":"begun"}',
    );
  });

  test('columns that it does not know into the metadata, digit for digit; those with a secret-looking name sealed', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add platform_role text, add "Odd ""name" jsonb, add big numeric,
      add stripe_key text, add is_ok boolean; insert into dev.users (id, platform_role, "Odd ""name", big, stripe_key) values
      ('user_1', 'admin', '{"a": [null, 12345678901234567890]}', 1234567890123456789.125, 'sk_live_é')`);
    await legacy.normalize();
    const [user] = await legacy.query(
      `select platform_role, (metadata - 'stripe_key')::text as metadata, metadata->>'stripe_key' as sealed from users`,
    );
    expect(user).toMatchObject({
      platform_role: 'user',
      metadata: `{"big": 1234567890123456789.125, "Odd \\"name": {"a": [null, 12345678901234567890]}, "platform_role": "admin"}`,
    });
    expect(await legacy.sealer.open(String(user?.['sealed']), metadataContext('user_1', 'stripe_key'))).toBe(
      'sk_live_é',
    );
  });

  test('nothing for empty texts, and for a client id or a date alone', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, access_token, client_id, token_expiration_date, telegram_id)
      values ('user_1', '', 'client', '2020-01-01', '')`);
    expect((await legacy.normalize()).report).toMatchObject({
      connections: 0,
      integrations: { gmail: 0, telegram: 0 },
    });
    expect(await legacy.query('select * from user_integrations')).toEqual([]);
  });

  test('as many credentials as the columns hold, and no token in the clear', async () => {
    const plan = { users: 240 };
    await createLegacySchema(legacy.run, plan);
    const { report } = await legacy.normalize({ batchSize: 7 });
    const { gmail, calendar, signal } = expectedCredentials(plan);
    expect(report).toMatchObject({
      users: 240,
      connections: gmail + calendar,
      integrations: { gmail, google_calendar: calendar, signal },
    });
    const [rows] = await legacy.query('select count(*)::int as users from users');
    expect(rows).toEqual({ users: 240 });
    const values = await legacy.query(
      `select access_token as value from oauth_connections where access_token <> '' union all select refresh_token from oauth_connections
        where refresh_token is not null union all select client_secret from oauth_connections where client_secret is not null`,
    );
    expect(values.length).toBeGreaterThan(300);
    expect(values.filter(({ value }) => !isSealed(String(value)))).toEqual([]);
    const [links] = await legacy.query('select count(*)::int as links from legacy_links');
    expect(links).toEqual({ links: Object.values(report.integrations).reduce((sum, count) => sum + count) });
  });

  test('tokens as they are when asked to keep them plain, but secrets of unknown columns sealed', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add api_key text; insert into dev.users
      (id, access_token, refresh_token, telegram_id, telegram_signup_token, api_key)
      values ('user_1', 'ya29.a', '1//r', '456', 'begun', 'k')`);
    expect((await legacy.normalize({ keepPlain: true })).report.sealed).toBe(1);
    expect(await grantOf('user_1', 'gmail')).toMatchObject({
      access_token: 'ya29.a',
      refresh_token: '1//r',
      next_refresh_at: null,
    });
    expect(await legacy.query(`select credentials from user_integrations where service_id = 'telegram'`)).toEqual([
      { credentials: { telegram_signup_token: 'begun' } },
    ]);
  });
});

describe('dates', () => {
  const endOf = async (type: string, value: string, timeZone?: string) => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users drop token_expiration_date, add token_expiration_date ${type};
      insert into dev.users (id, access_token, token_expiration_date) values ('user_1', 'a', ${value})`);
    const { report } = await legacy.normalize({ timeZone });
    return [(await grantOf('user_1', 'gmail'))['ends'], report.unreadableDates];
  };

  test.each([
    ['text', `'2025-10-14 10:00:00'`, '2025-10-14 10:00:00+00'],
    ['text', `'2025-10-14T10:00:00.123Z'`, '2025-10-14 10:00:00.123+00'],
    ['text', `'2025-10-14 10:00:00+02'`, '2025-10-14 08:00:00+00'],
    ['text', `'2025-10-14'`, '2025-10-14 00:00:00+00'],
    ['timestamp', `'2025-10-14 10:00:00'`, '2025-10-14 10:00:00+00'],
    ['timestamptz', `'2025-10-14 10:00:00-05'`, '2025-10-14 15:00:00+00'],
    ['date', `'2025-10-14'`, '2025-10-14 00:00:00+00'],
    ['bigint', `1760436000`, '2025-10-14 10:00:00+00'],
    ['bigint', `1760436000000`, '2025-10-14 10:00:00+00'],
  ])('of type %s, such as %s, are read as %s', async (type, value, end) => {
    expect(await endOf(type, value)).toEqual([end, {}]);
  });

  test('without a zone are of the zone that the option names', async () => {
    expect(await endOf('text', `'2025-07-14 10:00:00'`, 'Europe/Berlin')).toEqual(['2025-07-14 08:00:00+00', {}]);
  });

  test.each([
    ['text', `'never'`],
    ['text', `'2026-02-30 10:00:00'`],
    ['timestamptz', `'infinity'`],
  ])('of type %s that cannot be read, such as %s, become null and are counted', async (type, value) => {
    expect(await endOf(type, value)).toEqual([null, { token_expiration_date: 1 }]);
  });
});
