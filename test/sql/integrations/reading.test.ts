import { beforeAll, describe, expect, it } from 'vitest';
import { openStage, past, SEALED, soon, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

/** A user as the document's example has it. */
async function john(): Promise<string> {
  const userId = await stage.user();
  await stage.owner.query(
    `update users set position = 'Engineer', role = 'admin', phone_number = '+1234567890', time_zone = 'America/New_York'
      where id = $1`,
    [userId],
  );
  await stage.sql.query(
    `select link_service_to_user($1, 'gmail', 'john@example.com', null, 'Primary Gmail', 'ya29.a0', '1//0g',
              '2125-10-14T10:00:00Z', '123456.apps.googleusercontent.com', 'GOCSPX', '["scope"]'),
            link_telegram_to_user($1, 'telegram_456')`,
    [userId],
  );
  return userId;
}

describe('get_user_integrations', () => {
  it('has the columns of the document, of active ones and others, by type and name', async () => {
    const userId = await john();
    await stage.sql.query('select unlink_gmail_from_user($1)', [userId]);
    const rows = await stage.sql.query('select * from get_user_integrations(user_id => $1)', [userId]);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(rows).toEqual([
      {
        integration_id: id,
        service_name: 'Gmail',
        service_type: 'email',
        is_active: false,
        external_user_id: 'john@example.com',
      },
      {
        integration_id: id,
        service_name: 'Telegram',
        service_type: 'messaging',
        is_active: true,
        external_user_id: 'telegram_456',
      },
    ]);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'integration_id',
      'service_name',
      'service_type',
      'is_active',
      'external_user_id',
    ]);
    expect(await stage.sql.query('select * from get_user_integrations($1)', ['nobody'])).toEqual([]);
    expect(await stage.sql.query('select * from get_user_integrations(null)')).toEqual([]);
  });
});

describe('get_user_with_integrations', () => {
  it('has the keys of the document, and leaves out what has no value', async () => {
    const userId = await john();
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(await stage.sql.value('select get_user_with_integrations(user_id => $1)', [userId])).toEqual({
      id: userId,
      email: `${userId}@example.com`,
      display_name: 'John Doe',
      position: 'Engineer',
      role: 'admin',
      phone_number: '+1234567890',
      time_zone: 'America/New_York',
      integrations: [
        {
          id,
          service_id: 'gmail',
          service_name: 'Gmail',
          service_type: 'email',
          provider: 'google',
          is_active: true,
          display_label: 'Primary Gmail',
          access_token: 'ya29.a0',
          refresh_token: '1//0g',
          token_expiration_date: '2125-10-14T10:00:00+00:00',
          refresh_expired: false,
          client_id: '123456.apps.googleusercontent.com',
          granted_scopes: ['scope'],
          external_user_id: 'john@example.com',
        },
        {
          id,
          service_id: 'telegram',
          service_name: 'Telegram',
          service_type: 'messaging',
          provider: 'telegram',
          is_active: true,
          external_user_id: 'telegram_456',
        },
      ],
    });
  });

  it('has an empty list for a user without any, null for nobody, and marks what is sealed', async () => {
    const userId = await stage.user();
    const read = () => stage.sql.value<{ integrations: unknown[] }>('select get_user_with_integrations($1)', [userId]);
    expect((await read()).integrations).toEqual([]);
    expect(await stage.sql.value(`select get_user_with_integrations('nobody')`)).toBeNull();
    await stage.sql.query(`select link_gmail_to_user($1, $2)`, [userId, SEALED]);
    expect((await read()).integrations).toMatchObject([{ access_token: SEALED, sealed: true }]);
  });
});

it('get_telegram_id is of the primary active account, or null', async () => {
  const userId = await stage.user();
  const telegramId = () => stage.sql.value('select get_telegram_id(user_id => $1)', [userId]);
  expect(await telegramId()).toBeNull();
  await stage.sql.query(`select link_telegram_to_user($1, 'first')`, [userId]);
  await stage.sql.query(`select link_telegram_to_user($1, 'second')`, [userId]);
  expect(await telegramId()).toBe('first');
  await stage.sql.query(
    `update user_integrations set metadata = '{"primary": true}' where user_id = $1 and external_user_id = 'second'`,
    [userId],
  );
  expect(await telegramId()).toBe('second');
  await stage.sql.query('select unlink_telegram_from_user($1)', [userId]);
  expect(await telegramId()).toBeNull();
});

it('user_has_service counts active ones alone, and is never null', async () => {
  const userId = await john();
  const has = (user: string | null, service: string | null) =>
    stage.sql.value('select user_has_service(user_id => $1, service_id => $2)', [user, service]);
  expect(await has(userId, 'gmail')).toBe(true);
  expect(await has(userId, 'signal')).toBe(false);
  expect(await has(userId, 'myspace')).toBe(false);
  expect(await has('nobody', 'gmail')).toBe(false);
  expect(await has(null, null)).toBe(false);
  await stage.sql.query('select unlink_gmail_from_user($1)', [userId]);
  expect(await has(userId, 'gmail')).toBe(false);
});

it('get_user_integration_stats counts', async () => {
  const userId = await john();
  const stats = (id: string) => stage.sql.value('select get_user_integration_stats(user_id => $1)', [id]);
  await stage.sql.query(
    `select link_gmail_to_user($1, 'old', null, $2::timestamptz, external_user_id => 'old'),
            link_calendar_to_user($1, 'new', null, $3::timestamptz), link_signal_to_user($1, 'gone')`,
    [userId, past(), soon()],
  );
  await stage.sql.query('select unlink_signal_from_user($1)', [userId]);
  await stage.owner.query(
    `update oauth_connections set status = 'expired' where user_id = $1 and access_token = 'old'`,
    [userId],
  );
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
  expect(await stats(userId)).toEqual({
    user_id: userId,
    total_integrations: 5,
    active_integrations: 4,
    inactive_integrations: 1,
    valid_tokens: 2,
    expired_tokens: 1,
    refresh_expired: 1,
    services: { gmail: 2, google_calendar: 1, telegram: 1 },
    types: { email: 2, calendar: 1, messaging: 1 },
    first_connected_at: time,
    last_updated_at: time,
  });
  expect(await stats('nobody')).toMatchObject({ total_integrations: 0, services: {}, first_connected_at: null });
});
