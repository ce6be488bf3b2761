import { neonConfig } from '@neondatabase/serverless';
import { describe, expect, it } from 'vitest';
import { newPerson } from '../../support/owner.ts';
import { cancelAt, newAccount, signInAt, tamperWith } from '../../support/oidc-provider.ts';
import { begin, callFrom, comeBack, newBrowser, signInWith } from '../../support/social.ts';
import { call, owner, PUBLIC_URL, workerEnv } from '../../support/worker.ts';

const issuer = String(workerEnv.DEMO_ISSUER);
const problem = (code: string) => `/sign-in?problem=${code}`;
const profileIn = async (browser: ReturnType<typeof newBrowser>) =>
  (await callFrom(browser, 'account.getProfile')).data;

describe('signing in with a provider', () => {
  it('makes the account of an unknown person, with their address proven', async () => {
    const account = newAccount();
    const browser = newBrowser();
    expect(await signInWith(account, browser)).toBe('/account');
    const profile = await profileIn(browser);
    expect(profile).toMatchObject({ email: account.email, displayName: account.name });
    expect(profile.emailVerifiedAt).not.toBeNull();
    const history = await owner.query(
      'select event_type, auth_method, success from login_history where user_id = $1 order by event_type',
      [profile.id],
    );
    expect(history).toEqual([
      { event_type: 'account_linked', auth_method: 'oauth', success: true },
      { event_type: 'login_success', auth_method: 'oauth', success: true },
    ]);
  });

  it('leaves the secret of the browser with it no longer than the way there and back', async () => {
    const browser = newBrowser();
    const begun = await call('auth.startSocialSignIn', { provider: 'demo' }, { headers: { origin: PUBLIC_URL } });
    expect(begun.response.headers.get('set-cookie')).toMatch(
      /^gatehouse_sign_in=[^;]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    await signInWith(newAccount(), browser);
    expect([...browser.cookies.keys()].toSorted()).toEqual(['gatehouse_device', 'gatehouse_session']);
  });

  it('knows a person again by issuer and subject, whatever their address has become', async () => {
    const account = newAccount();
    const [first, second] = [newBrowser(), newBrowser()];
    await signInWith(account, first);
    await signInWith({ ...account, email: `moved-${account.email}` }, second);
    expect(await profileIn(second)).toMatchObject({ id: (await profileIn(first)).id, email: account.email });
  });

  it('joins the user of the address when both sides have proven it', async () => {
    const person = await newPerson(owner);
    const browser = newBrowser();
    await signInWith(newAccount({ email: person.email.toUpperCase() }), browser);
    expect(await profileIn(browser)).toMatchObject({ id: person.userId });
    const { data } = await callFrom(browser, 'auth.listSocialAccounts');
    expect(data.items).toMatchObject([{ provider: 'demo' }]);
  });

  it('believes no address that the provider does not vouch for, and says nothing of who has it', async () => {
    const person = await newPerson(owner);
    for (const email of [person.email, `nobody-${person.email}`]) {
      const account = newAccount({ email, isEmailVerified: false });
      expect(await signInWith(account)).toBe(problem('social_account.email_unverified'));
    }
  });

  it('joins nobody whose own address is not proven: who made that account may be waiting for its owner', async () => {
    const person = await newPerson(owner, { user: { email_verified_at: null } });
    const browser = newBrowser();
    const account = newAccount({ email: person.email });
    expect(await signInWith(account, browser)).toBe(problem('social_account.proof_required'));
    expect(browser.cookies.has('gatehouse_session')).toBe(false);
    expect(await owner.query('select 1 from oauth_accounts where user_id = $1', [person.userId])).toEqual([]);
  });

  it('does not sign a suspended user in', async () => {
    const person = await newPerson(owner);
    const account = newAccount({ email: person.email });
    await signInWith(account);
    await owner.query('update users set suspended_at = now() where id = $1', [person.userId]);
    expect(await signInWith(account)).toBe(problem('user.suspended'));
  });

  it('makes no account while sign-up is closed, and lets those in who have one', async () => {
    const account = newAccount();
    const closed = { settings: { SIGN_UP: 'closed' } };
    expect(await signInWith(account, newBrowser(closed))).toBe(problem('sign_up.closed'));
    expect(await signInWith(account)).toBe('/account');
    expect(await signInWith(account, newBrowser(closed))).toBe('/account');
  });

  it('leads where it was begun for, and only to allowed places', async () => {
    const browser = newBrowser();
    const url = await begin(browser, 'auth.startSocialSignIn', '/account?tab=1');
    expect(await comeBack(browser, await signInAt(url, newAccount()))).toBe(`${PUBLIC_URL}/account?tab=1`);
    for (const redirectUrl of ['https://evil.example', '//evil.example', '/\\evil.example']) {
      const refused = await callFrom(browser, 'auth.startSocialSignIn', { provider: 'demo', redirectUrl });
      expect(refused.code, redirectUrl).toBe('redirect.refused');
    }
  });

  it('ends where the person cancels it', async () => {
    const browser = newBrowser();
    expect(await comeBack(browser, await cancelAt(await begin(browser)))).toBe(problem('provider.denied'));
  });

  it('takes three database trips, there and back', async () => {
    const account = newAccount();
    const browser = newBrowser();
    const original = neonConfig.fetchFunction as typeof fetch;
    let trips = 0;
    neonConfig.fetchFunction = (...request: Parameters<typeof fetch>) => {
      trips += 1;
      return original(...request);
    };
    await signInWith(account, browser).finally(() => void (neonConfig.fetchFunction = original));
    expect(browser.cookies.has('gatehouse_session')).toBe(true);
    expect(trips).toBe(3);
  });
});

describe('a provider that fails', () => {
  it.each([
    ['unavailable', 'provider.unreachable'],
    ['page', 'provider.answer_invalid'],
    ['error', 'provider.refused'],
  ] as const)('by answering the code with "%s" signs nobody in', async (answer, code) => {
    const account = newAccount();
    await tamperWith(issuer, account, { answer });
    expect(await signInWith(account)).toBe(problem(code));
    // It was not the person's fault, and the next time it goes well.
    expect(await signInWith(account)).toBe('/account');
  });

  it('by not being there is told at once', async () => {
    const browser = newBrowser({ settings: { DEMO_ISSUER: 'http://localhost:9' } });
    const begun = await callFrom(browser, 'auth.startSocialSignIn', { provider: 'demo' });
    expect(begun).toMatchObject({ status: 503, code: 'provider.unreachable' });
  });

  it('that is not set up is none', async () => {
    const begun = await callFrom(newBrowser(), 'auth.startSocialSignIn', { provider: 'google' });
    expect(begun.code).toBe('provider.unknown');
  });
});
