import { describe, expect, it } from 'vitest';
import { inHours, newPerson } from '../../support/owner.ts';
import { newAccount, signInAt } from '../../support/oidc-provider.ts';
import { begin, type Browser, callFrom, comeBack, linkWith, newBrowser, signInWith } from '../../support/social.ts';
import { owner } from '../../support/worker.ts';

const problem = (code: string) => `/account?problem=${code}`;
const whoIs = async (browser: Browser) => (await callFrom(browser, 'account.getProfile')).data.id;

interface Linked {
  items: { id: string; email: string; provider: string; name: string }[];
}
const linkedIn = async (browser: Browser) => (await callFrom<Linked>(browser, 'auth.listSocialAccounts')).data.items;
const unlink = (browser: Browser, accountId: string | undefined) =>
  callFrom(browser, 'auth.unlinkSocialAccount', { accountId });

/** Somebody with no address of ours, who has only these accounts to sign in by. */
async function onlyBy(accounts: ReturnType<typeof newAccount>[]) {
  const person = await newPerson(owner);
  const browser = newBrowser(person);
  for (const account of accounts) await linkWith(account, browser);
  await owner.query('update users set email_verified_at = null where id = $1', [person.userId]);
  return browser;
}

describe('linking an account at a provider', () => {
  it('makes it one more way in, whatever address it has', async () => {
    const person = await newPerson(owner);
    const account = newAccount({ isEmailVerified: false });
    const browser = newBrowser(person);
    expect(await linkWith(account, browser)).toBe('/account');
    expect(await linkedIn(browser)).toMatchObject([{ provider: 'demo', email: account.email, name: account.name }]);
    const another = newBrowser();
    expect(await signInWith(account, another)).toBe('/account');
    expect(await whoIs(another)).toBe(person.userId);
  });

  it('is noted once, however often it is done', async () => {
    const person = await newPerson(owner);
    const account = newAccount();
    const browser = newBrowser(person);
    for (let times = 0; times < 2; times += 1) expect(await linkWith(account, browser)).toBe('/account');
    expect(await linkedIn(browser)).toHaveLength(1);
    const history = await owner.query('select event_type from login_history where user_id = $1', [person.userId]);
    expect(history).toEqual([{ event_type: 'account_linked' }]);
  });

  it('is refused when somebody else has it', async () => {
    const account = newAccount();
    await signInWith(account);
    const browser = newBrowser(await newPerson(owner));
    expect(await linkWith(account, browser)).toBe(problem('social_account.linked_elsewhere'));
    expect(await linkedIn(browser)).toEqual([]);
  });

  it('asks for a fresh sign-in', async () => {
    const stale = newBrowser(await newPerson(owner, { session: { authenticated_at: inHours(-1) } }));
    const begun = await callFrom(stale, 'auth.startSocialLink', { provider: 'demo' });
    expect(begun.code).toBe('step_up.required');
  });

  it('is ended by who began it alone', async () => {
    const account = newAccount();
    const browser = newBrowser(await newPerson(owner));
    const callback = await signInAt(await begin(browser, 'auth.startSocialLink'), account);
    // Somebody else signs in in the same browser, before it comes back.
    browser.cookies.set('gatehouse_session', (await newPerson(owner)).token);
    expect(await comeBack(browser, callback)).toBe(problem('oauth_state.other_browser'));
    expect(await linkedIn(browser)).toEqual([]);
  });

  it('needs the session still to be there', async () => {
    const browser = newBrowser(await newPerson(owner));
    const callback = await signInAt(await begin(browser, 'auth.startSocialLink'), newAccount());
    browser.cookies.delete('gatehouse_session');
    expect(await comeBack(browser, callback)).toBe(problem('credential.missing'));
    expect(browser.cookies.has('gatehouse_session')).toBe(false);
  });
});

describe('unlinking', () => {
  it('ends that way in', async () => {
    const person = await newPerson(owner);
    const account = newAccount();
    const browser = newBrowser(person);
    await linkWith(account, browser);
    const [linked] = await linkedIn(browser);
    expect((await unlink(browser, linked?.id)).status).toBe(200);
    expect(await linkedIn(browser)).toEqual([]);
    const another = newBrowser();
    await signInWith(account, another);
    expect(await whoIs(another)).not.toBe(person.userId);
  });

  it("reaches nobody else's", async () => {
    const browser = newBrowser(await newPerson(owner));
    await linkWith(newAccount(), browser);
    const [linked] = await linkedIn(browser);
    const stranger = newBrowser(await newPerson(owner));
    expect((await unlink(stranger, linked?.id)).code).toBe('social_account.not_found');
    expect(await linkedIn(browser)).toHaveLength(1);
  });

  it('leaves the last way in', async () => {
    const browser = await onlyBy([newAccount(), newAccount()]);
    const [first, second] = await linkedIn(browser);
    expect((await unlink(browser, first?.id)).status).toBe(200);
    expect((await unlink(browser, second?.id)).code).toBe('credential.last');
    expect(await linkedIn(browser)).toEqual([second]);
  });
});
