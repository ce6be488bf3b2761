/** An Idempotency-Key bends nothing: findings 1, 2 and 7 of the audit of November 2026 (SECURITY.md). */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { developmentMailbox } from '../../src/mail/development.ts';
import { insert, newPerson, newToken, type Person } from '../support/owner.ts';
import { aWhileLater } from '../support/reports.ts';
import { call, keyedHeaders, newAddress, owner, readMail, workerEnv } from '../support/worker.ts';
import { cookieOf, from, newEmail, sessionsOf, userOf, verifyLink } from './support.ts';

interface Asked {
  readonly expiresAt: string;
  readonly requestSecret: string;
}

const ask = (email: string, headers: Record<string, string>) =>
  call<Asked>('auth.requestMagicLink', { email, delivery: 'bearer' }, { headers: { ...from(), ...headers } });

const changeTo = (me: Person, email: string, headers: Record<string, string>) =>
  call<Asked>('account.requestEmailChange', { email, delivery: 'bearer' }, { token: me.token, headers });

async function mailsTo(email: string): Promise<number> {
  const mailbox = workerEnv.DEVELOPMENT_MAILBOX;
  return mailbox ? (await developmentMailbox(mailbox).list(email)).length : 0;
}

afterEach(() => void vi.useRealTimers());

it('one key for two addresses: the mail to one’s own address signs nobody in at the other', async () => {
  const victim = await newPerson(owner);
  const mine = newEmail();
  // With and without a caller's secret: without one, as every attacker may choose, the key counts for nothing.
  for (const headers of [{ 'idempotency-key': newId() }, keyedHeaders()]) {
    const own = await ask(mine, headers);
    const { token } = (await readMail(mine)) ?? {};
    // The clean-up, a day after the link has expired.
    await owner.query('delete from magic_links where email = $1', [mine]);
    const asked = await ask(victim.email, headers);
    expect(asked.data?.requestSecret).not.toBe(own.data.requestSecret);
    for (const requestSecret of [own.data.requestSecret, asked.data?.requestSecret]) {
      const signedIn = await verifyLink({ token, requestSecret });
      expect(signedIn.data?.userId).not.toBe(victim.userId);
      expect(signedIn.status).not.toBe(200);
    }
    await owner.query('delete from magic_links where email = any($1)', [[mine, victim.email]]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  }
  expect(await sessionsOf(victim.userId)).toBe(1);
});

it('one key for two addresses: one’s own mailbox proves no other address', async () => {
  const attacker = await newPerson(owner);
  const boss = newEmail();
  const mine = newEmail();
  const headers = { 'idempotency-key': newId() };
  const first = await changeTo(attacker, boss, headers);
  const second = await changeTo(attacker, mine, headers);
  expect(second.code).toBe('idempotency_key.reused');
  expect(await readMail(mine)).toBeNull();
  // Nor by a row that lies there under the id already, whatever put it there.
  const token = (await readMail(boss))?.token;
  for (const requestSecret of [first.data.requestSecret, second.data?.requestSecret]) {
    const proof = { token: (await readMail(mine))?.token ?? `${token}x`, requestSecret };
    expect((await call('account.confirmEmailChange', proof, { token: attacker.token })).status).not.toBe(200);
  }
  expect(await userOf(boss)).toBeUndefined();
  const honest = await call(
    'account.confirmEmailChange',
    { token, requestSecret: first.data.requestSecret },
    { token: attacker.token },
  );
  expect(honest.data).toEqual({ email: boss });
});

it('a mailed proof of another address or purpose is not taken for one of the same id', async () => {
  const me = await newPerson(owner);
  const headers = keyedHeaders();
  const email = newEmail();
  expect((await changeTo(me, email, headers)).status).toBe(200);
  const [row] = await owner.query<{ id: string }>('select id from magic_links where email = $1', [email]);
  for (const [column, value] of [
    ['email', newEmail()],
    ['purpose', 'step_up'],
  ]) {
    const before = await owner.query(`select ${column} as value from magic_links where id = $1`, [row?.id]);
    await owner.query(`update magic_links set ${column} = $2 where id = $1`, [row?.id, value]);
    expect([column, (await changeTo(me, email, headers)).code]).toEqual([column, 'idempotency_key.reused']);
    await owner.query(`update magic_links set ${column} = $2 where id = $1`, [row?.id, before[0]?.value]);
  }
});

it('a step-up mail proves nothing once the account has another address', async () => {
  const me = await newPerson(owner);
  const { data } = await call<Asked>('auth.requestStepUpMail', { delivery: 'bearer' }, me);
  const token = (await readMail(me.email))?.token;
  await owner.query('update users set email = $2 where id = $1', [me.userId, newEmail()]);
  const proof = { token, requestSecret: data.requestSecret, delivery: 'bearer' };
  expect((await call('auth.stepUp', proof, me)).code).toBe('magic_link.other_browser');
  await owner.query('update users set email = $2 where id = $1', [me.userId, me.email]);
  expect((await call('auth.stepUp', proof, me)).status).toBe(200);
});

it('a sign-in link of an address that became another account’s signs nobody in', async () => {
  const me = await newPerson(owner);
  const asked = await ask(me.email, {});
  const token = (await readMail(me.email))?.token;
  const other = await newPerson(owner);
  await owner.query('update users set email = $2 where id = $1', [me.userId, newEmail()]);
  await owner.query('update users set email = $2 where id = $1', [other.userId, me.email]);
  const { requestSecret } = asked.data;
  expect((await verifyLink({ token, requestSecret })).code).toBe('magic_link.invalid');
  expect(await sessionsOf(other.userId)).toBe(1);
});

it('a call sent again mails once, and one with other input counts', async () => {
  const email = newEmail();
  const headers = keyedHeaders();
  for (let i = 0; i < 3; i += 1) expect((await ask(email, headers)).status).toBe(200);
  expect(await mailsTo(email)).toBe(1);
  const other = { email, delivery: 'bearer', redirectUrl: '/account' };
  expect((await call('auth.requestMagicLink', other, { headers: { ...from(), ...headers } })).status).toBe(429);
  // Without a secret of the caller's own, each call counts.
  const stranger = newEmail();
  const key = { 'idempotency-key': newId() };
  expect((await ask(stranger, key)).status).toBe(200);
  expect((await ask(stranger, key)).status).toBe(429);
  expect(await mailsTo(stranger)).toBe(1);
});

describe('a call for a mail that is sent again when its limiter knows it no more', () => {
  /** Each of the three, by its procedure; `to` is where the mail goes. */
  const asks = {
    'auth.requestMagicLink': async () => ({ to: newEmail(), token: undefined }),
    'auth.requestStepUpMail': async () => newPerson(owner).then(({ email, token }) => ({ to: email, token })),
    'account.requestEmailChange': async () => ({ to: newEmail(), token: (await newPerson(owner)).token }),
  };
  const dead = {
    expired: "expires_at = now() - interval '1 hour', created_at = now() - interval '70 minutes'",
    used: 'used_at = now()',
  };
  const kinds = Object.keys(asks) as (keyof typeof asks)[];

  async function asked(path: keyof typeof asks) {
    const { to, token } = await asks[path]();
    const headers = { ...from(), ...keyedHeaders() };
    const input = path === 'auth.requestStepUpMail' ? {} : { email: to };
    const send = (delivery = 'bearer') =>
      call<Asked>(path, { ...input, delivery }, { token, headers, settings: aWhileLater() });
    return { to, send };
  }
  const expiryOf = async (email: string) => {
    const [row] = await owner.query<{ at: string }>(
      `select to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at from magic_links where email = $1`,
      [email],
    );
    return Date.parse(row?.at ?? '');
  };

  it.each(kinds.flatMap((path) => (['expired', 'used'] as const).map((how) => [path, how] as const)))(
    '%s mails no link that is %s, and says until when it was good',
    async (path, how) => {
      const { to, send } = await asked(path);
      expect((await send()).status).toBe(200);
      expect(await mailsTo(to)).toBe(1);
      await owner.query(`update magic_links set ${dead[how]} where email = $1`, [to]);
      const again = await send();
      expect(again.status, again.code).toBe(200);
      expect(Math.abs(Date.parse(again.data.expiresAt) - (await expiryOf(to)))).toBeLessThanOrEqual(1);
      expect(await mailsTo(to)).toBe(1);
    },
  );

  it.each(kinds)('%s mails a live one once more, good for as long as the first', async (path) => {
    const { to, send } = await asked(path);
    const first = await send();
    await owner.query("update magic_links set expires_at = expires_at - interval '5 minutes' where email = $1", [to]);
    const again = await send();
    expect(Date.parse(again.data.expiresAt)).toBe(Date.parse(first.data.expiresAt) - 300_000);
    expect(again.data.requestSecret).toBe(first.data.requestSecret);
    expect(await mailsTo(to)).toBe(2);
  });

  it('leaves a browser the cookie that it has', async () => {
    const { to, send } = await asked('auth.requestMagicLink');
    expect(cookieOf((await send('cookie')).response, 'sign_in')).not.toBe('');
    await owner.query(`update magic_links set ${dead.expired} where email = $1`, [to]);
    expect(cookieOf((await send('cookie')).response, 'sign_in')).toBe('');
  });
});

it('one key ends one token and not another; each that ends is in the history', async () => {
  const me = await newPerson(owner);
  const personal = { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' };
  const tokens = [await newToken(owner, personal), await newToken(owner, personal), await newToken(owner, personal)];
  const headers = { 'idempotency-key': newId() };
  const revoke = ({ id }: { id: string }, given?: Record<string, string>) =>
    call('auth.revokeToken', { tokenId: id }, { token: me.token, headers: given });
  const codes = [];
  for (const token of tokens) codes.push((await revoke(token, headers)).code);
  expect(codes).toEqual([undefined, 'idempotency_key.reused', 'idempotency_key.reused']);
  for (const token of tokens.slice(1)) expect((await revoke(token)).status).toBe(200);
  const history = await owner.query(
    "select id from login_history where user_id = $1 and event_type = 'token_revoked'",
    [me.userId],
  );
  expect(history).toHaveLength(3);
});

it('one key unlinks one account, and does not say so of another', async () => {
  const me = await newPerson(owner);
  const ids = [newId(), newId()];
  for (const id of ids) {
    const account = { provider: 'demo', issuer: `https://${id}.example`, provider_user_id: id };
    await insert(owner, 'oauth_accounts', { id, user_id: me.userId, ...account });
  }
  const headers = { 'idempotency-key': newId() };
  const codes = [];
  for (const accountId of ids) {
    codes.push((await call('auth.unlinkSocialAccount', { accountId }, { token: me.token, headers })).code);
  }
  expect(codes).toEqual([undefined, 'idempotency_key.reused']);
  expect(await owner.query('select id from oauth_accounts where user_id = $1', [me.userId])).toEqual([{ id: ids[1] }]);
});

it('two strangers with one key share no state, no cookie and no secret', async () => {
  const key = newId();
  const start = (headers: Record<string, string>) =>
    call<{ authorizationUrl: string }>(
      'auth.startSocialSignIn',
      { provider: 'demo' },
      { headers: { 'cf-connecting-ip': newAddress(), ...headers } },
    );
  const bare = { 'idempotency-key': key };
  const begun = [await start(bare), await start(bare), await start(keyedHeaders(key)), await start(keyedHeaders(key))];
  const states = begun.map(({ data }) => new URL(data.authorizationUrl).searchParams.get('state'));
  expect(new Set(states).size).toBe(4);
  expect(new Set(begun.map(({ response }) => cookieOf(response, 'sign_in'))).size).toBe(4);
  // Whoever knows somebody's key and address is not told their secret.
  const email = newEmail();
  const mine = await ask(email, keyedHeaders(key));
  await owner.query('delete from magic_links where email = $1', [email]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  const theirs = await ask(email, keyedHeaders(key));
  expect(theirs.status).toBe(200);
  expect(theirs.data.requestSecret).not.toBe(mine.data.requestSecret);
});

it('a call that was begun before midnight and is sent again after it is the same call', async () => {
  const me = await newPerson(owner);
  const headers = keyedHeaders();
  const create = () =>
    call<{ token: string }>('auth.createToken', { name: 'x', scopes: ['profile:read'] }, { token: me.token, headers });
  const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  vi.useFakeTimers({ toFake: ['Date'], now: midnight - 1000 });
  const first = await create();
  vi.useRealTimers();
  const again = await create();
  expect(again.status, again.code).toBe(200);
  expect(again.data.token).toBe(first.data.token);
  expect(await owner.query('select id from api_tokens where user_id = $1', [me.userId])).toHaveLength(1);
});
