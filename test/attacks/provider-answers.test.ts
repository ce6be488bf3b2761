import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { type Account, newAccount, signInAt, type Tampering } from '../support/oidc-provider.ts';
import { call, owner, PUBLIC_URL, workerEnv } from '../support/worker.ts';
import { beginSignIn, comeBack, refusal, signInWith, userOf, whoIs } from './support.ts';

/** What the provider said is refused, and makes nobody; the same person comes in when it says it right. */
async function expectRefused(account: Account, tampering: Tampering, code: string): Promise<void> {
  const refused = await signInWith(account, tampering);
  expect(refused).toEqual({ location: refusal(code), session: '' });
  const rows = await owner.query('select id from oauth_accounts where provider_user_id = $1', [account.subject]);
  expect(rows).toEqual([]);
  const { session } = await signInWith(account);
  expect((await whoIs(session)).status).toBe(200);
}

describe('the address', () => {
  it.each([
    ['without a word on whether it is verified', null],
    ['that is verified as a text', 'true'],
    ['that is verified as a number', 1],
    ['that is not verified', false],
  ])('CVE-2026-15611: of a provider %s makes no account and joins none', async (_, verified) => {
    const victim = await newPerson(owner);
    for (const account of [newAccount(), newAccount({ email: victim.email })]) {
      await expectRefused(account, { claims: { email_verified: verified } }, 'social_account.email_unverified');
    }
  });

  it('CVE-2026-15611: a claim of another name is no verified address', async () => {
    const victim = await newPerson(owner);
    const others = { upn: victim.email, preferred_username: victim.email, emails: [victim.email], xms_edov: true };
    const claims = { ...others, email: null };
    await expectRefused(newAccount(), { claims }, 'social_account.email_unverified');
    const list = await call('auth.listSocialAccounts', undefined, victim);
    expect(list.data).toEqual({ items: [] });
  });
});

describe('the issuer', () => {
  it.each(['https://evil.example', 'https://accounts.google.com', `${String(workerEnv.DEMO_ISSUER)}/`, '', null])(
    'CVE-2026-31813: %j in an ID token is not the issuer that is pinned',
    async (iss) => {
      const refused = iss === null ? 'provider.answer_invalid' : 'provider.issuer_mismatch';
      await expectRefused(newAccount(), { claims: { iss } }, refused);
    },
  );

  it('CVE-2026-31813: nor is it one that comes with a key of its own', async () => {
    const account = newAccount();
    await expectRefused(account, { signature: 'another_key' }, 'provider.answer_invalid');
    const claims = { iss: 'https://evil.example' };
    await expectRefused(newAccount(), { signature: 'another_key', claims }, 'provider.issuer_mismatch');
  });

  it('GHSA-9wqv-qhrh-87f4: is not chosen by the request that begins', async () => {
    const evil = 'http://127.0.0.1:9';
    const input = { issuer: evil, iss: evil, authorizationEndpoint: evil, clientId: 'evil', redirectUri: evil };
    // Another Host is refused in development, and routed elsewhere in production (hosts.test.ts).
    const headers = { 'x-forwarded-host': 'evil.example' };
    const { authorizationUrl } = await beginSignIn({ input, headers });
    const url = new URL(authorizationUrl);
    expect(url.origin).toBe(String(workerEnv.DEMO_ISSUER));
    expect(url.searchParams.get('client_id')).toBe(workerEnv.DEMO_CLIENT_ID);
    expect(url.searchParams.get('redirect_uri')).toBe(`${PUBLIC_URL}/oauth/callback/demo`);
    expect((await call('auth.startSocialSignIn', { provider: evil })).code).toBe('input.invalid');
  });

  it('GHSA-9wqv-qhrh-87f4: is not chosen by the answer that comes back', async () => {
    for (const iss of ['https://evil.example', '', null]) {
      await expectRefused(newAccount(), { iss }, 'provider.issuer_mismatch');
    }
    // Two of them: whichever one reads, the other may read another.
    const account = newAccount();
    const begun = await beginSignIn();
    const address = new URL(await signInAt(begun.authorizationUrl, account));
    address.searchParams.append('iss', 'https://evil.example');
    expect((await comeBack(address.href, begun.cookie)).location).toBe(refusal('provider.answer_invalid'));
  });
});

describe('the subject', () => {
  it.each([[''], [null], [0], [false], [{}], [[]]])('GHSA-5hvv-9cqv-894r: %j is nobody', async (sub) => {
    const account = newAccount();
    await expectRefused(account, { claims: { sub } }, 'provider.answer_invalid');
    const everybody = await owner.query("select id from oauth_accounts where provider_user_id in ('', '0', 'null')");
    expect(everybody).toEqual([]);
  });

  it('GHSA-5hvv-9cqv-894r: an error of the provider is no profile', async () => {
    const [first, second] = [newAccount(), newAccount()];
    for (const account of [first, second]) await expectRefused(account, { answer: 'error' }, 'provider.refused');
    expect(await userOf(first.email)).not.toBe(await userOf(second.email));
    await expectRefused(newAccount(), { answer: 'page' }, 'provider.answer_invalid');
  });
});

describe('the signature', () => {
  it.each(['none', 'HS256'] as const)(
    'CVE-2026-22817, CVE-2026-22818: %s is no algorithm of ours',
    async (signature) => {
      const victim = newAccount();
      const { session } = await signInWith(victim);
      expect((await whoIs(session)).status).toBe(200);
      const attacker = newAccount();
      const forged = await signInWith(attacker, { signature, claims: { sub: victim.subject, email: victim.email } });
      expect(forged).toEqual({ location: refusal('provider.answer_invalid'), session: '' });
      await expectRefused(newAccount(), { signature }, 'provider.answer_invalid');
    },
  );
});
