import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { openStage, SEALED, soon, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

const rowsOf = (userId: string) =>
  stage.owner.query<{ id: string; connection_id: string | null }>(
    'select * from user_integrations where user_id = $1 order by created_at, id',
    [userId],
  );

describe('linking', () => {
  it.each([
    ['link_gmail_to_user', `$1, 'ya29.token', '1//refresh'`, 'gmail', null],
    ['link_calendar_to_user', `$1, 'ya29.token', '1//refresh'`, 'google_calendar', null],
    ['link_google_calendar_to_user', `$1, 'ya29.token', '1//refresh'`, 'google_calendar', null],
    ['link_telegram_to_user', `$1, 'telegram_456', '@username', 'My Telegram'`, 'telegram', 'telegram_456'],
    ['link_whatsapp_to_user', `$1, 'whatsapp_789', '@username', 'WhatsApp Business'`, 'whatsapp', 'whatsapp_789'],
    ['link_signal_to_user', `$1, 'signal_uuid_abc', 'Signal Integration'`, 'signal', 'signal_uuid_abc'],
  ])('%s as the document calls it, twice: one row', async (name, args, service, externalId) => {
    const userId = await stage.user();
    const id = await stage.sql.value(`select ${name}(${args})`, [userId]);
    expect(await stage.sql.value(`select ${name}(${args})`, [userId])).toBe(id);
    expect(await rowsOf(userId)).toMatchObject([
      { id, service_id: service, external_user_id: externalId, is_active: true, created_by: null },
    ]);
  });

  it('takes every argument by its name, and keeps each', async () => {
    const userId = await stage.user();
    const expiresAt = soon();
    const id = await stage.sql.value<string>(
      `select link_service_to_user(user_id => $1, service_id => 'gmail', external_user_id => 'me@example.com',
         external_username => 'me', display_label => 'Work', access_token => 'a', refresh_token => 'r',
         token_expires_at => $2::timestamptz, client_id => 'c', client_secret => 's', granted_scopes => '["x", "y"]',
         credentials => '{"imap": "p"}', metadata => '{"folder": "INBOX"}')`,
      [userId, expiresAt],
    );
    expect(await rowsOf(userId)).toMatchObject([
      {
        external_user_id: 'me@example.com',
        external_username: 'me',
        display_label: 'Work',
        credentials: { imap: 'p' },
        metadata: { folder: 'INBOX' },
      },
    ]);
    expect(await stage.grantOf(id)).toMatchObject({
      connector_id: 'google',
      access_token: 'a',
      refresh_token: 'r',
      client_id: 'c',
      client_secret: 's',
      scopes: 'x y',
      expires_at: new Date(expiresAt),
      status: 'active',
    });
  });

  it('again keeps what is not given, takes what is, and makes it active', async () => {
    const userId = await stage.user();
    const link = (rest: string) =>
      stage.sql.value<string>(`select link_service_to_user($1, 'gmail', 'me@example.com', ${rest})`, [userId]);
    const id = await link(
      `'me', 'Work', 'a', 'r', '2100-01-01Z', 'c', 's', '["x"]', '{"k": 1}', '{"m": 1, "primary": true}'`,
    );
    await stage.sql.query('select unlink_gmail_from_user($1)', [userId]);
    expect(await link(`access_token => 'b', metadata => '{"n": 2}'`)).toBe(id);
    expect(await rowsOf(userId)).toMatchObject([
      {
        is_active: true,
        external_username: 'me',
        display_label: 'Work',
        credentials: { k: 1 },
        metadata: { m: 1, n: 2, primary: true },
      },
    ]);
    expect(await stage.grantOf(id)).toMatchObject({
      access_token: 'b',
      refresh_token: 'r',
      client_id: 'c',
      client_secret: 's',
      scopes: 'x',
      expires_at: null,
    });
  });

  it('with the refresh token of another client gives up the one there was', async () => {
    const userId = await stage.user();
    const id = await stage.sql.value<string>(`select link_gmail_to_user($1, 'a', 'r', client_id => 'c')`, [userId]);
    await stage.sql.query(`select link_gmail_to_user($1, 'b', client_id => 'another')`, [userId]);
    expect(await stage.grantOf(id)).toMatchObject({ access_token: 'b', refresh_token: null, client_id: 'another' });
  });

  it('many accounts of one service: a row and a grant each', async () => {
    const userId = await stage.user();
    for (const account of ['one', 'two', 'three']) {
      await stage.sql.query(`select link_gmail_to_user($1, $2, external_user_id => $2)`, [userId, account]);
    }
    const rows = await rowsOf(userId);
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.connection_id)).size).toBe(3);
  });

  it('is an event each time', async () => {
    const userId = await stage.user();
    await stage.sql.query(`select link_signal_to_user($1, 'abc')`, [userId]);
    expect(await stage.owner.query('select type, payload from outbox where user_id = $1', [userId])).toEqual([
      { type: 'integration.linked', payload: { service: 'signal', externalUserId: 'abc' } },
    ]);
  });
});

describe('linking is refused, with a SQLSTATE and a sentence that names what is wrong:', () => {
  const long = (n: number) => 'x'.repeat(n);
  const cases: readonly [string, string, string, RegExp][] = [
    ['no user id', `null, 'gmail'`, 'GH018', /user_id is missing/],
    ['an empty user id', `'', 'gmail'`, 'GH018', /user_id is missing/],
    ['no service', `'USER', null`, 'GH018', /service_id is missing/],
    ['an unknown user', `'nobody', 'gmail', access_token => 'x'`, 'GH015', /no user "nobody"/],
    ['an unknown service', `'USER', 'myspace'`, 'GH016', /no service "myspace"/],
    ['no account id', `'USER', 'telegram'`, 'GH018', /external_user_id is missing.*Telegram/],
    ['an empty account id', `'USER', 'signal', ''`, 'GH018', /external_user_id is missing.*Signal/],
    ['no token', `'USER', 'gmail', 'me@example.com'`, 'GH018', /access_token is missing.*Gmail/],
    ['an empty token', `'USER', 'gmail', access_token => ''`, 'GH018', /access_token is missing/],
    ['a long account id', `'USER', 'signal', '${long(256)}'`, 'GH018', /external_user_id: at most 255/],
    ['a long label', `'USER', 'signal', 'x', null, '${long(256)}'`, 'GH018', /display_label: at most 255/],
    ['a long client', `'USER', 'gmail', access_token => 'x', client_id => '${long(256)}'`, 'GH018', /client_id: at/],
    ['a huge token', `'USER', 'gmail', access_token => repeat('x', 65537)`, 'GH018', /access_token: at most 65536/],
    ['scopes as a text', `'USER', 'gmail', access_token => 'x', granted_scopes => '"a b"'`, 'GH018', /granted_scopes/],
    ['a scope with a space', `'USER', 'gmail', access_token => 'x', granted_scopes => '["a b"]'`, 'GH018', /scopes/],
    ['an empty scope', `'USER', 'gmail', access_token => 'x', granted_scopes => '[""]'`, 'GH018', /granted_scopes/],
    ['metadata as a list', `'USER', 'signal', 'x', metadata => '[1]'`, 'GH018', /metadata: an object/],
  ];
  it.each(cases)('%s', async (_, args, code, sentence) => {
    const userId = await stage.user();
    const refusal = await stage.sql.refusal(`select link_service_to_user(${args.replace('USER', userId)})`);
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(sentence) });
    expect(refusal.detail).toMatch(/^(integration|service|user)\.\w+$/);
    expect(await rowsOf(userId)).toEqual([]);
  });

  it('a service that is not active', async () => {
    const userId = await stage.user();
    const service = `retired_${newId()}`;
    await stage.owner.query(
      `insert into services (id, name, type, provider, connector_id, is_active) values ($1, 'R', 'email', 'r', 'r', false)`,
      [service],
    );
    const refusal = await stage.sql.refusal('select link_service_to_user($1, $2)', [userId, service]);
    expect(refusal).toMatchObject({ code: 'GH017', detail: 'service.inactive' });
  });

  it('an account whose sealed values would not open for it', async () => {
    const userId = await stage.user();
    const id = await stage.sql.value(`select link_signal_to_user($1, 'abc')`, [userId]);
    await stage.owner.query('update user_integrations set credentials = to_jsonb($1::text) where id = $2', [
      SEALED,
      id,
    ]);
    const refusal = await stage.sql.refusal(`update user_integrations set external_user_id = 'def' where id = $1`, [
      id,
    ]);
    expect(refusal).toMatchObject({ code: 'GH020', detail: 'integration.sealed' });
  });
});
