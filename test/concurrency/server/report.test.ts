/** Changes in flight beside a report: after it nothing that a session of before did, or was about to do, is alive. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { type Account, newAccount, signInAt } from '../../support/oidc-provider.ts';
import { newPerson, type Owner, type Person } from '../../support/owner.ts';
import { type Answer, type ServerWorker, startServerWorker } from '../../support/server-worker.ts';

/** Rounds in all; `TEST_DEPTH=full` is what is run before a release. */
const ROUNDS = process.env.TEST_DEPTH === 'full' ? 200 : 10;
const LONG = 600_000;

let owner: Owner;
let worker: ServerWorker;

beforeAll(async () => {
  worker = await startServerWorker();
  ({ owner } = worker);
});
afterAll(() => worker?.close());

const call: ServerWorker['call'] = (...given) => worker.call(...given);
const optionsOf = ({ data }: Answer, field = 'options') => (data as Record<string, unknown>)[field] as object;
const tokenInput = { name: 'x', scopes: ['profile:read'] };

/** What is asked beside the report; prepared up to its last request. What it answers is not looked at, but its end is. */
type Prepare = (me: Person) => Promise<() => Promise<unknown>>;

async function ok(answer: Promise<Answer>): Promise<Answer> {
  const { status, code, data } = await answer;
  expect(status, code).toBe(200);
  return { status, code, data };
}

interface Browser {
  /** The session's, where it has one. */
  readonly token?: string;
  /** Who signs in at the provider. */
  readonly account?: Account;
}

/** A way to a provider that was begun in the browser of a session, or in none; answers the last request of it. */
async function wayBack(path: string, input: object, { token, account = newAccount() }: Browser) {
  const begun = await fetch(`${worker.url}/trpc/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: worker.url,
      'cf-connecting-ip': newNetwork(),
      ...(token && { cookie: `gatehouse_session=${token}` }),
    },
    body: JSON.stringify(input),
  });
  const { result } = (await begun.json()) as { result: { data: { authorizationUrl: string } } };
  const proof = /gatehouse_sign_in=[^;]+/.exec(begun.headers.get('set-cookie') ?? '')?.[0] ?? '';
  const callback = await signInAt(result.data.authorizationUrl, account);
  const cookie = [proof, ...(token ? [`gatehouse_session=${token}`] : [])].join('; ');
  return () => fetch(callback, { headers: { cookie, 'cf-connecting-ip': newNetwork() }, redirect: 'manual' });
}

let networks = Math.floor(Math.random() * 2 ** 16);
function newNetwork(): string {
  networks += 1;
  return `10.200.${(networks >> 8) & 255}.${networks & 255}`;
}

async function mailProof(me: Person, path: string, input: object, to: string): Promise<object> {
  const { data } = await ok(call(path, { ...input, delivery: 'bearer' }, me));
  return { token: (await worker.readMail(to)).token, requestSecret: data.requestSecret, delivery: 'bearer' };
}

async function passkeyOf(me: Person) {
  const authenticator = await createAuthenticator({ origin: worker.url });
  const response = await authenticator.register(optionsOf(await call('auth.startPasskeyRegistration', {}, me)));
  return { authenticator, add: () => call('auth.finishPasskeyRegistration', { response }, me) };
}

const kinds: Readonly<Record<string, Prepare>> = {
  'thirty API tokens': async (me) => () =>
    Promise.all(Array.from({ length: 30 }, () => call('auth.createToken', tokenInput, me))),
  'a passkey': async (me) => (await passkeyOf(me)).add,
  'a linked provider': (me) => wayBack('auth.startSocialLink', { provider: 'demo' }, me),
  'a connected account': (me) => wayBack('oauth.connections.connect', { connector: 'demo', userId: 'me' }, me),
  'linked services': async (me) => {
    const links = [
      { userId: 'me', serviceId: 'telegram', externalUserId: newId() },
      { userId: 'me', serviceId: 'gmail', externalUserId: newId(), accessToken: 'x' },
    ];
    return () => Promise.all(links.map((input) => call('integrations.link', input, me)));
  },
  'a step-up': async (me) => {
    const proof = await mailProof(me, 'auth.requestStepUpMail', {}, me.email);
    return () => call('auth.stepUp', proof, me);
  },
  'a change of address': async (me) => {
    const email = `${newId()}@example.com`;
    const proof = (await mailProof(me, 'account.requestEmailChange', { email }, email)) as Record<string, string>;
    const { token, requestSecret } = proof;
    return () => call('account.confirmEmailChange', { token, requestSecret }, me);
  },
  'a replaced API token': async (me) => {
    const { data } = await ok(call('auth.createToken', tokenInput, me));
    return () => call('auth.rotateToken', { tokenId: data.id }, me);
  },
  'a sign-in by a mail of before': async (me) => {
    const input = { email: me.email, delivery: 'bearer' };
    const { data } = await ok(call('auth.requestMagicLink', input));
    const { token } = await worker.readMail(me.email);
    return () => call('auth.verifyMagicLink', { token, requestSecret: data.requestSecret, delivery: 'bearer' });
  },
  'a sign-in by a passkey that the report takes away': async (me) => {
    const { authenticator, add } = await passkeyOf(me);
    await ok(add());
    const response = await authenticator.assert(optionsOf(await call('auth.startPasskeySignIn')));
    return () => call('auth.finishPasskeySignIn', { response, delivery: 'bearer' });
  },
  'a sign-in by a provider that the report takes away': async (me) => {
    const account = newAccount();
    await (
      await wayBack('auth.startSocialLink', { provider: 'demo' }, { token: me.token, account })
    )();
    return wayBack('auth.startSocialSignIn', { provider: 'demo' }, { account });
  },
};

/** What is left of a person's account that could let anybody in, or act. */
async function leftOf(me: Person) {
  const count = async (from: string) =>
    Number((await owner.query<{ n: string }>(`select count(*) as n from ${from}`, [me.userId]))[0]?.n);
  return {
    sessions: await count('user_sessions where user_id = $1 and revoked_at is null'),
    tokens: await count('api_tokens where user_id = $1 and revoked_at is null'),
    passkeys: await count('passkeys where user_id = $1'),
    providers: await count('oauth_accounts where user_id = $1'),
    connections: await count('oauth_connections where user_id = $1'),
    integrations: await count('user_integrations where user_id = $1'),
    links: await count('magic_links where user_id = $1 and used_at is null and expires_at > now()'),
    states: await count('oauth_states where user_id = $1 and used_at is null'),
    email: (await owner.query<{ email: string }>('select email from users where id = $1', [me.userId]))[0]?.email,
  };
}

const nothing = (me: Person) => ({
  sessions: 0,
  tokens: 0,
  passkeys: 0,
  providers: 0,
  connections: 0,
  integrations: 0,
  links: 0,
  states: 0,
  email: me.email,
});

/** A person about whom a mail went out, the secret of its report, and what is about to happen beside it. */
async function newRound(prepare: Prepare) {
  const me = await newPerson(owner, { user: { created_at: '2026-01-01T00:00:00Z' } });
  await ok(call('auth.createToken', tokenInput, me));
  const { token } = await worker.readMail(me.email);
  const run = await prepare(me);
  return { me, run, report: () => ok(call('auth.reportNotMe', { token })) };
}

/** Holds the lock of the user's row until the report waits for it, and then the others behind the report. */
async function behindTheReport(me: Person, report: () => Promise<unknown>, run: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: worker.ownerUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select from users where id = $1 for no key update', [me.userId]);
    const reported = report();
    await waiting(1);
    const done = run();
    await waiting(2);
    await client.query('commit');
    await Promise.all([reported, done]);
  } finally {
    await client.end();
  }
}

/** Waits until so many statements wait for a lock, or for a while: what was refused before waits for none. */
async function waiting(count: number): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    const [row] = await owner.query<{ n: string }>(
      `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (Number(row?.n) >= count) return;
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** What is left, and the secrets of sessions: whether something was done at all. */
async function traceOf(me: Person) {
  const hashes = await owner.query('select session_token_hash from user_sessions where user_id = $1 order by id', [
    me.userId,
  ]);
  return { ...(await leftOf(me)), hashes };
}

const names = Object.keys(kinds);
const share = Math.ceil(ROUNDS / names.length);

describe.each(names)('%s beside a report', (name) => {
  const prepare = kinds[name] as Prepare;

  it(`leaves nothing alive, ${share} rounds`, { timeout: LONG }, async () => {
    const without = await newRound(prepare);
    const before = await traceOf(without.me);
    await without.run();
    expect(await traceOf(without.me), 'without a report').not.toEqual(before);
    for (let round = 0; round < share; round += 1) {
      const { me, run, report } = await newRound(prepare);
      if (round % 2 === 0) await behindTheReport(me, report, run);
      else await Promise.all([run(), later(report, round)]);
      expect(await leftOf(me), `round ${round}`).toEqual(nothing(me));
    }
  });
});

/** Now here, now there in the time that the others take. */
async function later<T>(run: () => Promise<T>, round: number): Promise<T> {
  await new Promise((done) => setTimeout(done, (round * 7) % 40));
  return run();
}
