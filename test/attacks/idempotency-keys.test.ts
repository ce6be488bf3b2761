/** An Idempotency-Key bends nothing: findings 1, 2 and 7 of the audit of November 2026 (SECURITY.md). */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { developmentMailbox } from '../../src/mail/development.ts';
import { connect, losingAnswers, newConnected, unsealed } from '../support/connections.ts';
import { linked, linkRows } from '../support/integrations.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { insert, newPerson, newSession, newToken, type Person } from '../support/owner.ts';
import { withPasskey } from '../support/passkeys.ts';
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
  expect(await userOf(boss)).toBeUndefined();
  const token = (await readMail(boss))?.token;
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

describe('a call that sets something, sent again later, changes nothing any more', () => {
  /** Calls with one key each time. */
  const keyed = (path: string, me: Person, input?: Record<string, unknown>) => {
    const headers = { 'idempotency-key': newId() };
    return (answersLost: readonly number[] = []) =>
      losingAnswers(answersLost, () => call(path, input, { token: me.token, headers }));
  };
  const telegram = (externalUserId = newId()) => ({ serviceId: 'telegram', externalUserId });
  const updateLink = (me: Person, integrationId: unknown, more: object) =>
    call('integrations.update', { userId: me.userId, integrationId, ...more }, me);

  it('the profile; also when the first answer was lost', async () => {
    const me = await newPerson(owner);
    const first = keyed('account.updateProfile', me, { displayName: 'first' });
    const answer = await first([1]);
    expect(answer.data).toMatchObject({ displayName: 'first' });
    expect((await first()).data).toEqual(answer.data);
    await call('account.updateProfile', { displayName: 'second' }, { token: me.token });
    expect(await first()).toMatchObject({ status: 200, data: { displayName: 'second' } });
    expect((await call('account.getProfile', undefined, me)).data).toMatchObject({ displayName: 'second' });
  });

  it('the name of a passkey', async () => {
    const me = await newPerson(owner);
    await withPasskey(me);
    const [row] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [me.userId]);
    const first = keyed('auth.renamePasskey', me, { passkeyId: row?.id, name: 'first' });
    expect((await first()).data).toMatchObject({ name: 'first' });
    await call('auth.renamePasskey', { passkeyId: row?.id, name: 'second' }, me);
    expect((await first()).data).toMatchObject({ name: 'second' });
  });

  it('a link: neither its old token comes back nor the link', async () => {
    const me = await newPerson(owner);
    // With `me` the first of two trips asks only: that its key came before is not that it was linked.
    for (const userId of ['me', me.userId]) {
      const input = { userId, serviceId: 'gmail', externalUserId: newId(), accessToken: 'old-token' };
      const first = keyed('integrations.link', me, input);
      const answer = await first();
      expect([answer.status, answer.code]).toEqual([200, undefined]);
      expect((await first()).data).toEqual(answer.data);
      await linked(me, { ...input, accessToken: 'new-token' });
      const { id, connectionId } = answer.data;
      expect((await updateLink(me, id, { isActive: false })).status).toBe(200);
      expect(await first()).toMatchObject({ status: 200, data: { id, isActive: false } });
      expect((await linkRows(me.userId)).find((row) => row.id === id)?.is_active).toBe(false);
      expect(await unsealed(String(connectionId), 'access_token')).toBe('new-token');
      // The provider has named the account since.
      await owner.query('update user_integrations set external_user_id = $2 where id = $1', [id, newId()]);
      expect(await first()).toMatchObject({ status: 200, data: { id } });
      await owner.query('delete from user_integrations where id = $1', [id]);
      expect((await first()).code).toBe('integration.not_found');
      expect(await linkRows(me.userId)).toEqual([]);
    }
  });

  it('a link that was refused, and so rolled back, has not happened', async () => {
    const me = await newPerson(owner);
    const account = { userId: me.userId, serviceId: 'gmail', externalUserId: newId() };
    const early = keyed('integrations.link', me, { ...account, displayLabel: 'early' });
    expect((await early()).code).toBe('integration.incomplete');
    await linked(me, { ...account, accessToken: 'a-token' });
    expect((await early()).data).toMatchObject({ displayLabel: 'early' });
  });

  it('a link by a connected account', async () => {
    const { person: me, connectionId } = await newConnected();
    const service = newId();
    await insert(owner, 'services', {
      id: service,
      name: 'A',
      type: 'storage',
      provider: 'demo',
      connector_id: 'demo',
    });
    const first = keyed('integrations.link', me, { userId: me.userId, serviceId: service, connectionId });
    const answer = await first();
    expect([answer.status, answer.code]).toEqual([200, undefined]);
    await updateLink(me, answer.data.id, { isActive: false });
    expect(await first()).toMatchObject({ status: 200, data: { id: answer.data.id, isActive: false } });
  });

  it('a change of a link, and an unlink; but what was refused has not happened', async () => {
    const me = await newPerson(owner);
    const account = telegram();
    const { id } = await linked(me, account);
    const on = { userId: me.userId, integrationId: id };
    const label = keyed('integrations.update', me, { ...on, displayLabel: 'first' });
    const unlink = keyed('integrations.unlink', me, on);
    expect((await label()).data).toMatchObject({ displayLabel: 'first' });
    await updateLink(me, id, { displayLabel: 'second' });
    expect((await label()).data).toMatchObject({ displayLabel: 'second' });
    expect((await unlink()).status).toBe(200);
    await linked(me, account);
    expect((await unlink()).status).toBe(200);
    expect((await linkRows(me.userId)).map((row) => row.is_active)).toEqual([true]);
    const missing = newId();
    const early = keyed('integrations.update', me, { ...on, integrationId: missing, displayLabel: 'early' });
    expect((await early()).code).toBe('integration.not_found');
    await owner.query('update user_integrations set id = $2 where id = $1', [id, missing]);
    expect((await early()).data).toMatchObject({ displayLabel: 'early' });
  });

  it('many links, each by itself: what was done is not done again, what was refused is', async () => {
    const me = await newPerson(owner);
    const [one, two] = [telegram(), telegram()];
    const joined = await linked(me, two);
    const first = keyed('integrations.bulkLink', me, {
      userId: me.userId,
      services: [one, { ...two, displayLabel: 'first' }, { serviceId: 'gmail', externalUserId: 'mine' }],
    });
    const answer = await first([1]);
    const codes = [undefined, undefined, 'integration.incomplete'];
    const codesOf = ({ data }: { data: Record<string, unknown> }) =>
      (data.results as { code?: string }[]).map(({ code }) => code);
    expect(codesOf(answer)).toEqual(codes);
    expect((await first()).data).toEqual(answer.data);
    await updateLink(me, joined.id, { displayLabel: 'second', isActive: false });
    await linked(me, { serviceId: 'gmail', externalUserId: 'mine', accessToken: 'a-token' });
    expect(codesOf(await first())).toEqual([undefined, undefined, undefined]);
    expect((await linkRows(me.userId)).find((row) => row.id === joined.id)).toMatchObject({
      display_label: 'second',
      is_active: false,
    });
    await owner.query('delete from user_integrations where id = $1', [joined.id]);
    expect(codesOf(await first())).toEqual([undefined, 'integration.not_found', undefined]);
    expect(await linkRows(me.userId)).toHaveLength(2);
  });

  it('an unlink of many that found nothing', async () => {
    const me = await newPerson(owner);
    const first = keyed('integrations.bulkUnlink', me, { userId: me.userId, services: [{ serviceId: 'telegram' }] });
    const answer = await first();
    await linked(me, telegram());
    expect((await first()).data).toEqual(answer.data);
    expect((await linkRows(me.userId)).map((row) => row.is_active)).toEqual([true]);
  });

  it('which connection is the primary one', async () => {
    const { person: me, browser, connectionId } = await newConnected();
    await connect(browser, newAccount());
    const [other] = await owner.query<{ id: string }>(
      'select id from oauth_connections where user_id = $1 and id <> $2',
      [me.userId, connectionId],
    );
    const primary = async () => {
      const rows = await owner.query<{ id: string }>(
        "select id from oauth_connections where user_id = $1 and connector_metadata->'primary' = 'true'",
        [me.userId],
      );
      return rows.map(({ id }) => id);
    };
    const first = keyed('oauth.connections.makePrimary', me, { userId: me.userId, connectionId });
    expect((await first()).status).toBe(200);
    expect(await primary()).toEqual([connectionId]);
    await call('oauth.connections.makePrimary', { userId: me.userId, connectionId: other?.id }, me);
    expect((await first()).status).toBe(200);
    expect(await primary()).toEqual([other?.id]);
  });

  it('the end of other sessions, where there were none', async () => {
    const me = await newPerson(owner);
    const first = keyed('auth.revokeOtherSessions', me);
    expect((await first()).data).toEqual({ revoked: 0 });
    await newSession(owner, me.userId);
    expect((await first()).data).toEqual({ revoked: 0 });
    expect(await sessionsOf(me.userId)).toBe(2);
  });
});
