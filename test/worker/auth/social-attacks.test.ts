import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/lib/secrets.ts';
import { newAccount, signInAt, type Tampering, tamperWith } from '../../support/oidc-provider.ts';
import { begin, type Browser, comeBack, newBrowser, signInWith } from '../../support/social.ts';
import { owner, PUBLIC_URL, send, workerEnv } from '../../support/worker.ts';

const issuer = String(workerEnv.DEMO_ISSUER);
const problem = (code: string) => `/sign-in?problem=${code}`;
const isSignedIn = ({ cookies }: Browser) => cookies.has('gatehouse_session');

/** The callback with other parameters; null takes one away. */
function changed(callback: string, changes: Record<string, string | null>): string {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

async function underway() {
  const browser = newBrowser();
  const account = newAccount();
  return { browser, account, callback: await signInAt(await begin(browser), account) };
}

describe('an ID token', () => {
  it('signed anew, with nothing wrong in it, is taken: what follows is refused for what it says', async () => {
    const account = newAccount();
    await tamperWith(issuer, account, { claims: { name: 'Another Name' } });
    expect(await signInWith(account)).toBe('/account');
  });

  const wrong: [string, Tampering, string][] = [
    ['with the nonce of another sign-in', { claims: { nonce: 'another' } }, 'provider.answer_invalid'],
    ['without a nonce', { claims: { nonce: null } }, 'provider.answer_invalid'],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }, 'provider.issuer_mismatch'],
    ['for another client', { claims: { aud: 'another-client' } }, 'provider.answer_invalid'],
    ['given to another client', { claims: { azp: 'another-client' } }, 'provider.answer_invalid'],
    ['of an hour ago', { claims: { exp: Math.floor(Date.now() / 1000) - 3600 } }, 'provider.answer_invalid'],
    ['about nobody (GHSA-5hvv-9cqv-894r)', { claims: { sub: '' } }, 'provider.answer_invalid'],
    ['that is not signed', { signature: 'none' }, 'provider.answer_invalid'],
    ['signed by our secret (CVE-2026-22817)', { signature: 'HS256' }, 'provider.answer_invalid'],
    ["signed by somebody's own key", { signature: 'another_key' }, 'provider.answer_invalid'],
  ];
  it.each(wrong)('%s signs nobody in', async (_name, tampering, code) => {
    const account = newAccount();
    const browser = newBrowser();
    await tamperWith(issuer, account, tampering);
    expect(await signInWith(account, browser)).toBe(problem(code));
    expect(isSignedIn(browser)).toBe(false);
    expect(await owner.query('select 1 from users where lower(email) = $1', [account.email])).toEqual([]);
  });
});

describe('the issuer beside the code (RFC 9207)', () => {
  it.each([
    ['left out', null],
    ['of another provider', 'https://evil.example'],
  ])('%s signs nobody in', async (_name, iss) => {
    const account = newAccount();
    await tamperWith(issuer, account, { iss });
    expect(await signInWith(account)).toBe(problem('provider.issuer_mismatch'));
  });
});

describe('a state', () => {
  it('is good once', async () => {
    const { browser, callback } = await underway();
    const replayer: Browser = { ...browser, cookies: new Map(browser.cookies) };
    expect(await comeBack(browser, callback)).toBe('/account');
    expect(await comeBack(replayer, callback)).toBe(problem('oauth_state.used'));
    expect(isSignedIn(replayer)).toBe(false);
  });

  it('is spent by a refusal too', async () => {
    const { browser, callback } = await underway();
    await comeBack(browser, changed(callback, { code: 'guessed' }));
    expect(await comeBack(browser, callback)).toBe(problem('oauth_state.used'));
  });

  it.each([
    ['that nobody began', 'A'.repeat(43), 'oauth_state.invalid'],
    ['that is left out (CVE-2026-81888)', null, 'provider.answer_invalid'],
  ])('%s is refused', async (_name, state, code) => {
    const { browser, callback } = await underway();
    expect(await comeBack(browser, changed(callback, { state }))).toBe(problem(code));
    expect(isSignedIn(browser)).toBe(false);
  });

  it('is of the browser that began it, and stays good there', async () => {
    const { browser, callback } = await underway();
    const victim = newBrowser();
    expect(await comeBack(victim, callback)).toBe(problem('oauth_state.other_browser'));
    await begin(victim);
    expect(await comeBack(victim, callback)).toBe(problem('oauth_state.other_browser'));
    expect(isSignedIn(victim)).toBe(false);
    expect(await comeBack(browser, callback)).toBe('/account');
  });

  it('is of the provider that it was begun with (CVE-2026-73419)', async () => {
    const { browser, callback } = await underway();
    const settings = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' };
    const elsewhere = callback.replace('/callback/demo', '/callback/google');
    expect(await comeBack({ ...browser, settings }, elsewhere)).toBe(problem('oauth_state.invalid'));
  });

  it('lasts ten minutes', async () => {
    const { browser, callback } = await underway();
    const stateHash = await sha256Hex(new URL(callback).searchParams.get('state') ?? '');
    const expire = "update oauth_states set expires_at = expires_at - interval '10 minutes' where state_hash = $1";
    await owner.query(expire, [stateHash]);
    expect(await comeBack(browser, callback)).toBe(problem('oauth_state.expired'));
  });
});

describe('a code', () => {
  it("of somebody else, put into one's own sign-in, is refused by PKCE (GHSA-wxw3-q3m9-c3jr)", async () => {
    const stolen = new URL((await underway()).callback).searchParams.get('code');
    const { browser, callback } = await underway();
    expect(await comeBack(browser, changed(callback, { code: stolen }))).toBe(problem('provider.refused'));
    expect(isSignedIn(browser)).toBe(false);
  });

  it('given twice is refused before the provider is asked', async () => {
    const { browser, callback } = await underway();
    expect(await comeBack(browser, `${callback}&code=another`)).toBe(problem('provider.answer_invalid'));
  });
});

it('what a provider says of its error is not shown (CVE-2025-71404)', async () => {
  const { browser, callback } = await underway();
  const answer = { code: null, error: 'server_error', error_description: '<script>alert(1)</script>' };
  expect(await comeBack(browser, changed(callback, answer))).toBe(problem('provider.refused'));
});

describe('an answer that the provider posts, as Apple does', () => {
  const post = (origin: string, callback: string): [string, RequestInit] => {
    const { origin: ours, pathname, searchParams } = new URL(callback);
    return [`${ours}${pathname}`, { method: 'POST', headers: { origin }, body: searchParams }];
  };

  it('comes without our cookies, so a page of ours posts it once more', async () => {
    const { browser, callback } = await underway();
    const hostile = changed(callback, { user: '"><script>alert(1)</script>' });
    const page = await send(new Request(...post('https://appleid.apple.com', hostile)));
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('set-cookie')).toBeNull();
    expect(html).toContain('action="/oauth/callback/demo"');
    expect(html).toContain(`value="${new URL(callback).searchParams.get('code')}"`);
    expect(html).not.toContain('<script>alert');
    expect(await comeBack(browser, ...post(PUBLIC_URL, callback))).toBe('/account');
    expect(isSignedIn(browser)).toBe(true);
  });

  it('signs nobody in from a foreign page, even where cookies come along', async () => {
    const { browser, callback } = await underway();
    const [url, init] = post(PUBLIC_URL, callback);
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
    const answer = await send(new Request(url, { ...init, headers: { origin: 'https://evil.example', cookie } }));
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await comeBack(browser, callback)).toBe('/account');
  });
});
