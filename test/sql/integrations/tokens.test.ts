import { beforeAll, describe, expect, it } from 'vitest';
import { openStage, past, SEALED, soon, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

interface Token {
  readonly token: string | null;
  readonly is_expired: boolean;
  readonly refresh_expired: boolean;
  readonly sealed?: boolean;
}
const tokenOf = (userId: string, service = 'gmail') =>
  stage.sql.value<Token | null>('select get_valid_token($1, $2)', [userId, service]);
const hasToken = (userId: string, service = 'gmail') =>
  stage.sql.value<boolean>('select has_valid_token($1, $2)', [userId, service]);
const linkGmail = (userId: string, expiresAt: string | null, externalId: string | null = null) =>
  stage.sql.value<string>(
    `select link_gmail_to_user($1, 'ya29.token', '1//refresh', $2::timestamptz, external_user_id => $3)`,
    [userId, expiresAt, externalId],
  );

describe('get_valid_token', () => {
  it('has the keys of requirement 1, and no other', async () => {
    const userId = await stage.user();
    await stage.sql.query(
      `select link_service_to_user($1, 'gmail', access_token => 'ya29.a0', refresh_token => '1//0g',
         token_expires_at => '2125-10-14T10:00:00+02', client_id => '123456.apps.googleusercontent.com',
         client_secret => 'GOCSPX-x', granted_scopes => '["https://www.googleapis.com/auth/gmail.readonly"]')`,
      [userId],
    );
    expect(await tokenOf(userId)).toEqual({
      token: 'ya29.a0',
      refresh_token: '1//0g',
      is_expired: false,
      expires_at: '2125-10-14T08:00:00+00:00',
      refresh_expired: false,
      client_id: '123456.apps.googleusercontent.com',
      client_secret: 'GOCSPX-x',
      granted_scopes: ['https://www.googleapis.com/auth/gmail.readonly'],
    });
  });

  it('is null without an integration, with an inactive one, for nobody and for null', async () => {
    const userId = await stage.user();
    expect(await tokenOf(userId)).toBeNull();
    await linkGmail(userId, soon());
    await stage.sql.query('select unlink_gmail_from_user($1)', [userId]);
    expect(await tokenOf(userId)).toBeNull();
    expect(await tokenOf('nobody')).toBeNull();
    expect(await stage.sql.value('select get_valid_token(null, null)')).toBeNull();
  });

  it.each([
    ['in an hour', soon, false],
    ['an hour ago', past, true],
    ['nobody knows when', () => null, true],
  ])('of a token that runs out %s', async (_, expiresAt, isExpired) => {
    const userId = await stage.user();
    await linkGmail(userId, expiresAt());
    expect(await tokenOf(userId)).toMatchObject({ token: 'ya29.token', is_expired: isExpired });
    expect(await hasToken(userId)).toBe(!isExpired);
  });

  it('of a service whose tokens do not run out is valid without an end', async () => {
    const userId = await stage.user();
    await stage.sql.query(`select link_service_to_user($1, 'telegram', 'telegram_1', access_token => 'bot')`, [userId]);
    expect(await tokenOf(userId, 'telegram')).toMatchObject({ token: 'bot', is_expired: false, expires_at: null });
    expect(await hasToken(userId, 'telegram')).toBe(true);
  });

  it('without a token is expired: linked by an id alone, or with a refresh token alone', async () => {
    const userId = await stage.user();
    await stage.sql.query(`select link_telegram_to_user($1, 'telegram_2')`, [userId]);
    expect(await tokenOf(userId, 'telegram')).toEqual({
      token: null,
      refresh_token: null,
      is_expired: true,
      expires_at: null,
      refresh_expired: false,
      client_id: null,
      client_secret: null,
      granted_scopes: null,
    });
    expect(await hasToken(userId, 'telegram')).toBe(false);
    await stage.sql.query(`select link_service_to_user($1, 'gmail', refresh_token => '1//only')`, [userId]);
    expect(await tokenOf(userId)).toMatchObject({ token: null, refresh_token: '1//only', is_expired: true });
    expect(await hasToken(userId)).toBe(false);
  });

  it.each(['expired', 'revoked'])('says so where the grant has %s', async (status) => {
    const userId = await stage.user();
    await linkGmail(userId, soon());
    await stage.owner.query('update oauth_connections set status = $1::oauth_status where user_id = $2', [
      status,
      userId,
    ]);
    expect(await tokenOf(userId)).toMatchObject({ is_expired: false, refresh_expired: true });
  });

  it('gives a sealed value as it is stored, and marks it', async () => {
    const userId = await stage.user();
    await linkGmail(userId, soon());
    expect(await tokenOf(userId)).not.toHaveProperty('sealed');
    for (const column of ['access_token', 'refresh_token', 'client_secret']) {
      const values = { access_token: 'a', refresh_token: 'r', client_secret: 's', [column]: SEALED };
      await stage.owner.query(
        'update oauth_connections set access_token = $2, refresh_token = $3, client_secret = $4 where user_id = $1',
        [userId, values.access_token, values.refresh_token, values.client_secret],
      );
      expect(await tokenOf(userId), column).toMatchObject({ sealed: true });
    }
  });

  it('of several accounts takes the flagged one, else the earliest', async () => {
    const userId = await stage.user();
    const first = await linkGmail(userId, soon(), 'first@example.com');
    const second = await linkGmail(userId, past(), 'second@example.com');
    expect(await tokenOf(userId)).toMatchObject({ is_expired: false });
    await stage.sql.query(`update user_integrations set metadata = '{"primary": true}' where id = $1`, [second]);
    expect(await tokenOf(userId)).toMatchObject({ is_expired: true });
    await stage.sql.query('update user_integrations set is_active = false where id = $1', [second]);
    expect(await tokenOf(userId)).toMatchObject({ is_expired: false });
    expect(first).not.toBe(second);
  });
});

it.each([
  ['get_gmail_token', 'gmail'],
  ['get_calendar_token', 'google_calendar'],
  ['get_telegram_token', 'telegram'],
  ['get_signal_token', 'signal'],
])('%s is get_valid_token of %s', async (name, service) => {
  const userId = await stage.user();
  await stage.sql.query(
    `select link_service_to_user($1, $2, 'account', access_token => 'of ' || $2, token_expires_at => $3::timestamptz)`,
    [userId, service, soon()],
  );
  const token = await stage.sql.value(`select ${name}(user_id => $1)`, [userId]);
  expect(token).toMatchObject({ token: `of ${service}`, is_expired: false });
  expect(token).toEqual(await tokenOf(userId, service));
  expect(await stage.sql.value(`select ${name}($1)`, ['nobody'])).toBeNull();
});
