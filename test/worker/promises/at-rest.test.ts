import { expect, it } from 'vitest';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import { readSettings } from '../../../src/env.ts';
import { hmac, sha256Hex, toHex } from '../../../src/lib/secrets.ts';
import { newId } from '../../../src/lib/ids.ts';
import { parseKeyRing } from '../../../src/lib/keys.ts';
import { connect, isTaken, issuer, unsealed } from '../../support/connections.ts';
import { newAccount } from '../../support/oidc-provider.ts';
import { newPerson, newToken, type Person } from '../../support/owner.ts';
import { withPasskey } from '../../support/passkeys.ts';
import { moveOn, signInByMail } from '../../support/sign-in.ts';
import { newBrowser } from '../../support/social.ts';
import { call, newAddress, owner, PUBLIC_URL, readMail, send, workerEnv } from '../../support/worker.ts';

/**
 * Every distinct text in every column of every table that tells of these people: what a thief of the database holds.
 * Read from the catalogue.
 */
async function dump(userIds: string[], marks: string[]): Promise<{ values: string[]; tables: Set<string> }> {
  const columns = await owner.query<{ table: string; column: string }>(
    `select table_name as "table", column_name as "column" from information_schema.columns where table_schema = 'public'`,
  );
  const values = new Set<string>();
  const tables = new Set<string>();
  for (const [table, list] of Map.groupBy(columns, (row) => row.table)) {
    const names = list.map(({ column }) => column);
    const mine = `exists (select from unnest($1::text[] || $2::text[]) mark where to_jsonb(t)::text like '%' || mark || '%')`;
    const texts = names.map((name) => `"${name}"::text`).join(', ');
    const rows = await owner.query<{ values: (string | null)[] }>(
      `select array[${texts}] as values from "${table}" t where ${mine}`,
      [userIds, marks],
    );
    if (rows.length > 0) tables.add(table);
    for (const row of rows) for (const value of row.values) if (value) values.add(value);
  }
  return { values: [...values], tables };
}

it('nothing in the database signs anybody in: not as cookie, bearer, link, code, state or proof', async () => {
  const me = await newPerson(owner);
  const { id: tokenId } = await newToken(owner, {
    kind: 'personal',
    user_id: me.userId,
    scopes: '["profile:read","sessions:read"]',
  });
  await withPasskey(me);
  const { device } = await signInByMail(await moveOn(me.userId, `${newId()}@example.com`));
  await owner.query('update users set email = $2 where id = $1', [me.userId, me.email]);
  const asked = await call<{ requestSecret: string }>('auth.requestMagicLink', { email: me.email, delivery: 'bearer' });
  const stepUp = await call<{ requestSecret: string }>('auth.requestStepUpMail', { delivery: 'bearer' }, me);
  const begun = await call<{ authorizationUrl: string }>('auth.startSocialLink', { provider: 'demo' }, me);
  const browser = /gatehouse_sign_in=([^;]+)/.exec(begun.response.headers.get('set-cookie') ?? '')?.[1] ?? '';
  await newSecurityAlert(me);
  await fillVault(me);
  const stolen = await dump([me.userId], [me.email, tokenId, browser.split('.')[0] ?? '']);
  // Everything that holds a secret is in what was stolen: what follows tries to use it.
  for (const table of [
    'api_tokens',
    'connection_events',
    'grant_revocations',
    'known_devices',
    'magic_links',
    'oauth_connections',
    'oauth_states',
    'outbox',
    'passkeys',
    'security_alerts',
    'user_sessions',
    'users',
  ]) {
    expect([...stolen.tables], table).toContain(table);
  }
  expect(stolen.values.length).toBeGreaterThan(60);
  expect(device).not.toBe('');
  const [link] = await owner.query<{ id: string }>(
    "select id from magic_links where user_id = $1 and purpose = 'sign_in' and used_at is null",
    [me.userId],
  );
  const spellings = (text: string) => [text, text.replace(/^\\x/, ''), `gts_${text}`, `gtk_${text}`];
  for (const value of stolen.values.flatMap(spellings)) {
    if (!/^[!-~]+$/.test(value)) continue;
    const text = value.slice(0, 200);
    const headers = () => ({ 'cf-connecting-ip': newAddress() });
    const answers = await Promise.all([
      call('auth.getSession', undefined, { token: value }),
      call('account.getProfile', undefined, { token: value }),
      call('auth.getSession', undefined, { headers: { cookie: `gatehouse_session=${value}` } }),
      call('auth.verifyMagicLink', { token: text, requestSecret: asked.data.requestSecret }, { headers: headers() }),
      call('auth.verifyMagicLink', { token: text, requestSecret: `${link?.id}.${text}` }, { headers: headers() }),
      call('auth.stepUp', { token: text, requestSecret: stepUp.data.requestSecret }, { ...me, headers: headers() }),
      call('auth.reportNotMe', { token: text }, { headers: headers() }),
    ]);
    expect(
      answers.map(({ status }) => status).filter((status) => status < 400),
      value,
    ).toEqual([]);
    // As the state of a sign-in that was begun, with the browser's own secret.
    const returned = await send(
      new Request(`${PUBLIC_URL}/oauth/callback/demo?code=x&state=${encodeURIComponent(text)}`, {
        headers: { ...headers(), cookie: `gatehouse_sign_in=${browser}` },
        redirect: 'manual',
      }),
    );
    expect(returned.headers.get('location'), value).toMatch(
      /^\/sign-in\?problem=(oauth_state|provider)\.[a-z_]*invalid$/,
    );
  }
}, 240_000);

/** One connected account, and one that was given up and whose grant no job can revoke yet. */
async function fillVault(me: Person): Promise<void> {
  const browser = newBrowser({ token: me.token });
  const [kept, gone] = [newAccount(), newAccount()];
  for (const account of [kept, gone]) expect(await connect(browser, account)).toContain('done=connected');
  const [row] = await owner.query<{ id: string }>(
    "update oauth_connections set client_id = 'another' where account_id = $1 returning id",
    [gone.subject],
  );
  await call('oauth.connections.disconnect', { userId: me.userId, connectionId: row?.id }, { token: me.token });
}

it('nothing in the database is a token of a provider, and nothing opens without the sealing keys', async () => {
  const me = await newPerson(owner);
  await fillVault(me);
  const { values } = await dump([me.userId], []);
  const [row] = await owner.query<{ id: string }>('select id from oauth_connections where user_id = $1', [me.userId]);
  const accessToken = await unsealed(row?.id ?? '', 'access_token');
  const refreshToken = await unsealed(row?.id ?? '', 'refresh_token');
  // These two would be taken; so what follows asks the right questions.
  expect(await isTaken(accessToken)).toBe(true);
  expect(values.join('\n')).not.toMatch(new RegExp(`${accessToken}|${refreshToken}`));
  const otherKeys = { TOKEN_KEYS: `dev:${btoa('x'.repeat(32))}` };
  const { sealer } = readSettings({ ...workerEnv, ...otherKeys });
  const sealed = values.filter((value) => value.startsWith('gatehouse:'));
  expect(sealed.length).toBeGreaterThanOrEqual(3);
  const key = { owner: `user:${me.userId}`, connector: 'demo', accountId: await accountOf(row?.id) };
  for (const value of sealed) {
    for (const field of ['access_token', 'refresh_token'] as const) {
      await expect(sealer.open(value, sealedFor(key, field))).rejects.toThrow(/belongs elsewhere/);
    }
  }
  for (const value of values.filter((text) => /^[!-~]+$/.test(text))) {
    expect(await isTaken(value), value).toBe(false);
    expect(await redeem(value), value).toBe(400);
  }
  expect(await redeem(refreshToken)).toBe(200);
});

const accountOf = async (id: string | undefined) =>
  (await owner.query<{ account: string }>('select account_id as account from oauth_connections where id = $1', [id]))[0]
    ?.account ?? '';

/** Brings something to the provider as a refresh token, with the deployment's own client: a thief who had that as well. */
async function redeem(refreshToken: string): Promise<number> {
  const client = [workerEnv.DEMO_CLIENT_ID, workerEnv.DEMO_CLIENT_SECRET].join(':');
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(client)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  await answer.body?.cancel();
  return answer.status;
}

/** An alert that was not reported: made by the API, as any other. */
async function newSecurityAlert(me: Person): Promise<void> {
  const made = await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
  expect(made.status).toBe(200);
}

it('no code can be found offline: without the lookup key even the right one looks wrong', async () => {
  const email = `${newId()}@example.com`;
  await call('auth.requestMagicLink', { email, delivery: 'bearer' });
  const { code = '' } = (await readMail(email)) ?? {};
  const [row] = await owner.query<{ id: string; code_hash: string }>(
    'select id, code_hash from magic_links where email = $1',
    [email],
  );
  const stored = row?.code_hash.split(':')[1];
  expect(stored).toMatch(/^[0-9a-f]{64}$/);
  const key = parseKeyRing('LOOKUP_KEYS', String(workerEnv.LOOKUP_KEYS), String(workerEnv.LOOKUP_KEY_ACTIVE)).active;
  // With the key it is this; so what follows tries the right computation, with the right code: a million do no better.
  expect(toHex(await hmac(key.bytes, ['magic_link.code', row?.id ?? '', code]))).toBe(stored);
  const guessedKey = new Uint8Array(32);
  for (const guess of [
    await sha256Hex(code),
    await sha256Hex(`${row?.id}${code}`),
    toHex(await hmac(guessedKey, ['magic_link.code', row?.id ?? '', code])),
    toHex(await hmac(new TextEncoder().encode(row?.id ?? ''), ['magic_link.code', row?.id ?? '', code])),
  ]) {
    expect(guess).not.toBe(stored);
  }
});

it('the list of sessions shows no secret, and no cache keeps it', async () => {
  const me = await newPerson(owner);
  const { response } = await call('auth.listSessions', undefined, { token: me.token });
  const text = await response.text();
  expect(text).not.toContain(await sha256Hex(me.token));
  expect(text).not.toContain(me.token);
  expect(response.headers.get('cache-control')).toBe('no-store');
});
