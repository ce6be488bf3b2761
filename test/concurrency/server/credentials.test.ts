import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { type Authenticator, createAuthenticator } from '../../support/authenticator.ts';
import { newAccount, signInAt } from '../../support/oidc-provider.ts';
import { insert, newPerson, type Owner, type Person } from '../../support/owner.ts';
import { type Answer, type ServerWorker, startServerWorker } from '../../support/server-worker.ts';

let owner: Owner;
let worker: ServerWorker;

beforeAll(async () => {
  worker = await startServerWorker();
  ({ owner } = worker);
});
afterAll(() => worker?.close());

const call: ServerWorker['call'] = (...given) => worker.call(...given);
const fifty = (run: () => Promise<Answer>) => Promise.all(Array.from({ length: 50 }, run));
const succeeded = (answers: readonly Answer[]) => answers.filter(({ status }) => status === 200);
const refusals = (answers: readonly Answer[]) => [...new Set(answers.flatMap(({ code }) => code ?? []))];
const optionsOf = ({ data }: Answer, field = 'options') => (data as Record<string, unknown>)[field] as object;
const countOf = async (table: string, me: Person, where = 'true') =>
  (await owner.query(`select 1 from ${table} where user_id = $1 and ${where}`, [me.userId])).length;

async function withPasskey(me: Person, counter?: number): Promise<Authenticator> {
  const authenticator = await createAuthenticator({ origin: worker.url, counter });
  const response = await authenticator.register(optionsOf(await call('auth.startPasskeyRegistration', {}, me)));
  expect((await call('auth.finishPasskeyRegistration', { response }, me)).status).toBe(200);
  return authenticator;
}
const answerToSignIn = async (authenticator: Authenticator, overrides?: { counter: number }) =>
  authenticator.assert(optionsOf(await call('auth.startPasskeySignIn')), overrides);
const signIn = (response: object, key?: string) =>
  call('auth.finishPasskeySignIn', { response, delivery: 'bearer' }, { key });

describe('fifty at once', () => {
  it('answer one challenge for signing in: one session', async () => {
    const me = await newPerson(owner);
    const response = await answerToSignIn(await withPasskey(me));
    const answers = await fifty(() => signIn(response));
    expect(succeeded(answers)).toHaveLength(1);
    expect(refusals(answers)).toEqual(['passkey.challenge_used']);
    expect(await countOf('user_sessions', me)).toBe(2);
  });

  it('answer one challenge for adding a passkey: one passkey', async () => {
    const me = await newPerson(owner);
    const authenticator = await createAuthenticator({ origin: worker.url });
    const response = await authenticator.register(optionsOf(await call('auth.startPasskeyRegistration', {}, me)));
    const answers = await fifty(() => call('auth.finishPasskeyRegistration', { response }, me));
    expect(succeeded(answers)).toHaveLength(1);
    expect(await countOf('passkeys', me)).toBe(1);
  });

  it('answer one challenge for step-up: one new secret', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    const start = await call('auth.startStepUp', {}, me);
    const response = await authenticator.assert(optionsOf(start, 'passkeyOptions'));
    const answers = await fifty(() => call('auth.stepUp', { response, delivery: 'bearer' }, me));
    expect(succeeded(answers)).toHaveLength(1);
    for (const code of refusals(answers)) expect(['credential.invalid', 'passkey.challenge_used']).toContain(code);
  });

  it('come back from a provider with one state and one code: one session', async () => {
    const account = newAccount();
    const begun = await fetch(`${worker.url}/trpc/auth.startSocialSignIn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'cf-connecting-ip': '10.250.0.1' },
      body: JSON.stringify({ provider: 'demo' }),
    });
    const { result } = (await begun.json()) as { result: { data: { authorizationUrl: string } } };
    const cookie = /gatehouse_sign_in=[^;]+/.exec(begun.headers.get('set-cookie') ?? '')?.[0] ?? '';
    const callback = await signInAt(result.data.authorizationUrl, account);
    const places = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const headers = { cookie, 'cf-connecting-ip': `10.250.1.${i}` };
        return (await fetch(callback, { headers, redirect: 'manual' })).headers.get('location') ?? '';
      }),
    );
    expect(places.filter((place) => !place.includes('problem='))).toHaveLength(1);
    expect(places.filter((place) => place.endsWith('problem=oauth_state.used'))).toHaveLength(49);
    const sessions = await owner.query(
      'select s.id from user_sessions s join users u on u.id = s.user_id where u.email = $1',
      [account.email],
    );
    expect(sessions).toHaveLength(1);
  });

  it('use one mailed proof: one step-up, one change of address', async () => {
    const me = await newPerson(owner);
    const asked = await call('auth.requestStepUpMail', { delivery: 'bearer' }, me);
    const { token } = await worker.readMail(me.email);
    const proof = { token, requestSecret: asked.data.requestSecret, delivery: 'bearer' };
    expect(succeeded(await fifty(() => call('auth.stepUp', proof, me)))).toHaveLength(1);

    const other = await newPerson(owner);
    const email = `${newId()}@example.com`;
    const change = await call('account.requestEmailChange', { email, delivery: 'bearer' }, other);
    const changed = { token: (await worker.readMail(email)).token, requestSecret: change.data.requestSecret };
    expect(succeeded(await fifty(() => call('account.confirmEmailChange', changed, other)))).toHaveLength(1);
    expect(await countOf('login_history', other, "event_type = 'email_changed'")).toBe(1);
  });

  it('say "this wasn’t me" of one mail: done once', async () => {
    const me = await newPerson(owner);
    await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
    const { token } = await worker.readMail(me.email);
    expect(succeeded(await fifty(() => call('auth.reportNotMe', { token })))).toHaveLength(50);
    expect(await countOf('login_history', me, "event_type = 'account_secured'")).toBe(1);
  });

  it('rotate one API token: one new one', async () => {
    const me = await newPerson(owner);
    const made = await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
    const answers = await fifty(() => call('auth.rotateToken', { tokenId: made.data.id }, me));
    expect(succeeded(answers)).toHaveLength(1);
    expect(await countOf('api_tokens', me)).toBe(2);
  });

  it('make API tokens near the limit: never more than fifty', async () => {
    const me = await newPerson(owner);
    await owner.query(
      `insert into api_tokens (kind, user_id, name, token_hash, token_prefix, expires_at)
       select 'personal', $1, 'x', $1 || i, 'gtk_xxxx', now() + interval '1 day' from generate_series(1, 45) i`,
      [me.userId],
    );
    const answers = await fifty(() => call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me));
    expect(succeeded(answers)).toHaveLength(5);
    expect(await countOf('api_tokens', me)).toBe(50);
  });

  it('sign in by passkeys: never more than twenty sessions', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    const responses = await Promise.all(Array.from({ length: 50 }, () => answerToSignIn(authenticator)));
    const answers = await Promise.all(responses.map((response) => signIn(response)));
    expect(succeeded(answers)).toHaveLength(50);
    expect(await countOf('user_sessions', me, 'revoked_at is null')).toBe(20);
  });
});

describe('two at once', () => {
  it('with one value of a counter: the second is a copy', async () => {
    for (let round = 0; round < 10; round += 1) {
      const me = await newPerson(owner);
      const authenticator = await withPasskey(me, 1);
      const [a, b] = [
        await answerToSignIn(authenticator, { counter: 7 }),
        await answerToSignIn(authenticator, { counter: 7 }),
      ];
      const answers = await Promise.all([signIn(a), signIn(b)]);
      expect(succeeded(answers)).toHaveLength(1);
      expect(refusals(answers)).toEqual(['passkey.counter_regressed']);
    }
  });

  it('remove the last two ways in: one stays, whatever kinds they are', async () => {
    for (let round = 0; round < 25; round += 1) {
      const me = await newPerson(owner, { user: { email_verified_at: null } });
      await withPasskey(me);
      const [passkey] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [me.userId]);
      const accountId = newId();
      const account = { provider: 'demo', issuer: 'http://localhost', provider_user_id: accountId };
      await insert(owner, 'oauth_accounts', { id: accountId, user_id: me.userId, ...account });
      const answers = await Promise.all([
        call('auth.deletePasskey', { passkeyId: passkey?.id }, me),
        call('auth.unlinkSocialAccount', { accountId }, me),
      ]);
      expect(succeeded(answers)).toHaveLength(1);
      expect(refusals(answers)).toEqual(['credential.last']);
      expect((await countOf('passkeys', me)) + (await countOf('oauth_accounts', me))).toBe(1);
    }
  });

  it('remove the last two passkeys: one stays', async () => {
    for (let round = 0; round < 25; round += 1) {
      const me = await newPerson(owner, { user: { email_verified_at: null } });
      for (const mark of ['01', '02']) {
        const credential = { credential_id: `\\x${mark}${me.userId.replaceAll('-', '')}`, public_key: '\\x00' };
        await insert(owner, 'passkeys', { user_id: me.userId, ...credential });
      }
      const passkeys = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [me.userId]);
      const answers = await Promise.all(passkeys.map(({ id }) => call('auth.deletePasskey', { passkeyId: id }, me)));
      expect(succeeded(answers)).toHaveLength(1);
      expect(await countOf('passkeys', me)).toBe(1);
    }
  });
});

describe('a lost answer of the database is asked for again, with one effect:', () => {
  /** The next answer is lost on its way to the Worker. */
  const losing = (run: () => Promise<Answer>) => {
    worker.proxy.dropNext(1);
    return run();
  };

  it('a passkey added, used and removed', async () => {
    const me = await newPerson(owner);
    const authenticator = await createAuthenticator({ origin: worker.url });
    const made = await authenticator.register(optionsOf(await call('auth.startPasskeyRegistration', {}, me)));
    expect((await losing(() => call('auth.finishPasskeyRegistration', { response: made }, me))).status).toBe(200);
    expect(await countOf('passkeys', me)).toBe(1);
    const response = await answerToSignIn(authenticator);
    expect((await losing(() => signIn(response))).status).toBe(200);
    const [passkey] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [me.userId]);
    expect((await losing(() => call('auth.deletePasskey', { passkeyId: passkey?.id }, me))).status).toBe(200);
    expect(await countOf('login_history', me, "event_type in ('passkey_added', 'passkey_removed')")).toBe(2);
  });

  it('an API token made, rotated and ended', async () => {
    const me = await newPerson(owner);
    const made = await losing(() => call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me));
    expect((await call('account.getProfile', undefined, { token: made.data.token })).status).toBe(200);
    const rotated = await losing(() => call('auth.rotateToken', { tokenId: made.data.id }, me));
    expect((await call('account.getProfile', undefined, { token: rotated.data.token })).status).toBe(200);
    expect((await losing(() => call('auth.revokeToken', { tokenId: rotated.data.id }, me))).status).toBe(200);
    expect(await countOf('api_tokens', me)).toBe(2);
    expect(await countOf('login_history', me)).toBe(3);
  });

  it('a step-up, though its session has another secret by then', async () => {
    const me = await newPerson(owner);
    const asked = await call('auth.requestStepUpMail', { delivery: 'bearer' }, me);
    const { token } = await worker.readMail(me.email);
    const proof = { token, requestSecret: asked.data.requestSecret, delivery: 'bearer' };
    const done = await losing(() => call('auth.stepUp', proof, me));
    expect(done.status, done.code).toBe(200);
    expect((await call('auth.getSession', undefined, { token: done.data.sessionToken })).status).toBe(200);
  });

  it('a change of address', async () => {
    const me = await newPerson(owner);
    const email = `${newId()}@example.com`;
    const asked = await call('account.requestEmailChange', { email, delivery: 'bearer' }, me);
    const proof = { token: (await worker.readMail(email)).token, requestSecret: asked.data.requestSecret };
    expect((await losing(() => call('account.confirmEmailChange', proof, me))).data).toEqual({ email });
  });

  it('sessions ended: noted once', async () => {
    const me = await newPerson(owner);
    expect((await losing(() => call('auth.revokeOtherSessions', {}, me))).status).toBe(200);
    expect((await losing(() => call('auth.signOut', {}, me))).status).toBe(200);
    expect(await countOf('login_history', me)).toBe(1);
  });
});
