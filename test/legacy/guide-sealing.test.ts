import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuideDatabase, openGuideDatabase } from './guide-database.ts';

/** The table "What sealing changes for SQL readers" of docs/migration-guide.md, row by row. */

const SEALED = expect.stringMatching(/^gatehouse:1:/);
/** What a SQL client writes is in the clear until the job comes; the move seals at once. */
const IN_THE_CLEAR = `insert into dev.users (id, email) values ('user_plain', 'plain@example.com');
  select dev.link_service_to_user('user_plain', 'gmail', null, null, null, 'ya29.plain', '1//plain', now() + interval '1 hour',
    '1.apps.example', 'GOCSPX-plain', '["a", "b"]');
  update dev.user_integrations set auth_code = '4/plain', credentials = '{"pin": 1}' where user_id = 'user_plain';
  select dev.link_telegram_to_user('user_plain', 'telegram_plain');`;

let database: GuideDatabase;
/** The same, moved with --keep-plain. */
let kept: GuideDatabase;

beforeAll(async () => {
  database = await openGuideDatabase();
  await database.move({});
  kept = await openGuideDatabase();
  await kept.move({ keepPlain: true });
}, 180_000);
afterAll(async () => {
  await database.close();
  await kept.close();
});

const clear = (text: string) => database.asClient(`${IN_THE_CLEAR} ${text.replaceAll('$user', `'user_plain'`)}`);
const sealed = (text: string) => database.asClient(text.replaceAll('$user', `'user_123'`));
const MOVE = `update dev.user_integrations set user_id = 'user_1' where user_id = $user and service_id = 'gmail'`;
const RENAME = `update dev.user_integrations set external_user_id = 'other' where user_id = $user and service_id =`;

describe('what SQL readers get', () => {
  it.each(["get_valid_token($user, 'gmail')", 'get_gmail_token($user)'])('from %s', async (call) => {
    const stays = {
      is_expired: false,
      refresh_expired: false,
      client_id: '1.apps.example',
      expires_at: expect.any(String),
    };
    const [before] = await clear(`select dev.${call} as info`);
    const secrets = { token: 'ya29.plain', refresh_token: '1//plain', client_secret: 'GOCSPX-plain' };
    expect(before).toEqual({ info: { ...stays, ...secrets, granted_scopes: ['a', 'b'] } });
    const [after] = await sealed(`select dev.${call} as info`);
    expect(after).toMatchObject({ info: { ...stays, sealed: true, token: SEALED, refresh_token: SEALED } });
  });

  it('from get_user_with_integrations', async () => {
    const call = 'select dev.get_user_with_integrations($user) as info';
    const gmailOf = async (rows: ReturnType<typeof clear>) => {
      const [row] = (await rows) as unknown as [{ info: { integrations: { service_id: string }[] } }];
      return row.info.integrations.find(({ service_id }) => service_id === 'gmail');
    };
    const before = await gmailOf(clear(call));
    expect(before).toMatchObject({ access_token: 'ya29.plain', refresh_token: '1//plain' });
    expect(before).not.toHaveProperty('sealed');
    const after = await gmailOf(sealed(call));
    expect(after).toMatchObject({ access_token: SEALED, refresh_token: SEALED, sealed: true });
  });

  it('from the columns themselves', async () => {
    const columns = `select access_token, refresh_token, client_id, granted_scopes from dev.user_integrations
      where user_id = $user and service_id = 'gmail'`;
    const [before] = await clear(columns);
    expect(before).toMatchObject({
      access_token: 'ya29.plain',
      refresh_token: '1//plain',
      client_id: '1.apps.example',
    });
    const [after] = await sealed(columns);
    expect(after).toMatchObject({ access_token: SEALED, refresh_token: SEALED, client_id: '1.apps.example' });
  });

  it('from credentials and authorisation codes', async () => {
    const columns = 'select auth_code, credentials from dev.user_integrations where user_id = $user and';
    const [before] = await clear(`${columns} service_id = 'gmail'`);
    expect(before).toEqual({ auth_code: '4/plain', credentials: { pin: 1 } });
    const [after] = await sealed(`${columns} service_id = 'telegram'`);
    expect(after).toEqual({ auth_code: null, credentials: SEALED });
  });

  it.each([
    `dev.has_valid_token($user, 'gmail')`,
    `dev.user_has_service($user, 'gmail')`,
    `dev.get_telegram_id($user) is not null`,
    `(dev.get_telegram_token($user) ->> 'is_expired')::boolean and dev.get_telegram_token($user) ->> 'token' is null`,
    `(select count(*) > 1 from dev.get_user_integrations($user))`,
    `(dev.get_user_integration_stats($user) ->> 'valid_tokens')::integer > 0`,
    `exists (select from dev.user_integrations where user_id = $user and access_token is not null)`,
  ])('the same from %s', async (call) => {
    expect(await clear(`select ${call} as same`)).toEqual([{ same: true }]);
    expect(await sealed(`select ${call} as same`)).toEqual([{ same: true }]);
  });

  it('nothing by looking for a token that is sealed', async () => {
    const look = 'select user_id from dev.user_integrations where access_token =';
    expect(await clear(`${look} 'ya29.plain'`)).toHaveLength(1);
    expect(await sealed(`${look} 'ya29.gmail'`)).toHaveLength(0);
  });

  it('an account moved to another user only while it is in the clear', async () => {
    const show = `; select count(*)::int as n from dev.user_integrations where user_id = 'user_1' and access_token = 'ya29.plain'`;
    await expect(clear(`delete from dev.user_integrations where user_id = 'user_1'; ${MOVE}${show}`)).resolves.toEqual([
      { n: 1 },
    ]);
    await expect(sealed(MOVE)).rejects.toMatchObject({ code: 'GH020', detail: 'integration.sealed' });
  });

  it('another external id where no credentials are sealed', async () => {
    await expect(clear(`${RENAME} 'gmail'`)).resolves.toEqual(expect.any(Array));
    await expect(sealed(`${RENAME} 'gmail'`)).resolves.toEqual(expect.any(Array));
    await expect(sealed(`${RENAME} 'telegram'`)).rejects.toMatchObject({ detail: 'integration.sealed' });
  });

  it('a written token in the clear, beside what stays sealed', async () => {
    const write = `update dev.user_integrations set access_token = 'ya29.new', token_expires_at = now() + interval '1 hour'
      where user_id = $user and service_id = 'gmail' returning access_token, refresh_token`;
    expect(await sealed(write)).toEqual([{ access_token: 'ya29.new', refresh_token: SEALED }]);
  });

  it('old tokens as they were, from the table that is kept', async () => {
    const old = await database.asClient(`select access_token from dev.users_old where id = 'user_123'`);
    expect(old).toEqual([{ access_token: 'ya29.gmail' }]);
  });

  it('moved values in the clear, where the move kept them so', async () => {
    const [row] = await kept.asClient(`select dev.get_gmail_token('user_123') as info`);
    expect(row).toMatchObject({ info: { token: 'ya29.gmail', refresh_token: '1//gmail', is_expired: false } });
    expect(row).not.toHaveProperty('info.sealed');
    const [telegram] = await kept.asClient(
      `select credentials from dev.user_integrations where user_id = 'user_123' and service_id = 'telegram'`,
    );
    expect(telegram).toEqual({ credentials: { telegram_signup_token: 'signup' } });
  });
});
