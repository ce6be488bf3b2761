import { describe, expect, it } from 'vitest';
import { errors } from '../../../src/errors.ts';
import { owner } from '../../support/worker.ts';
import { browse, cookiesOf, form, nonceOf, textOf, withoutProviders } from './browse.ts';

const settings = {
  ...withoutProviders,
  GOOGLE_CLIENT_ID: 'our-id-at-google',
  GOOGLE_CLIENT_SECRET: 'a-secret-of-google',
  GITHUB_CLIENT_ID: 'our-id-at-github',
  GITHUB_CLIENT_SECRET: 'a-secret-of-github',
};
const page = async (path = '/sign-in') => (await browse(path, { settings })).text();
const start = (fields: Record<string, string>, headers?: Record<string, string>) =>
  browse('/sign-in/social', { ...form(fields, headers), settings });
/** Where the page of a form goes on to by itself. */
const addressOf = (text: string) =>
  new URL((/content="0; url=([^"]+)"/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&'));

describe('the page of all ways in', () => {
  it('lets the browser offer passkeys in the field, and shows their button by script alone', async () => {
    const text = await page();
    expect(text).toMatch(/<input id="email"[^>]* autocomplete="username webauthn"/);
    expect(text).toMatch(/<button type="button"[^>]* data-passkey[^>]* hidden=""/);
  });

  it('has a button for each provider that is set up, and no form for them where there is none', async () => {
    const text = await page();
    expect(textOf(text)).toMatch(/Continue with Google Continue with GitHub/);
    expect(text).not.toContain('Microsoft');
    expect(text).not.toMatch(/our-id-at|a-secret-of/);
    const none = await (await browse('/sign-in', { settings: withoutProviders })).text();
    expect(none.includes('/sign-in/social')).toBe(false);
  });

  it('carries an allowed address on, for every way in', async () => {
    const text = await page('/sign-in?redirect_url=/account?x=1');
    expect(text.match(/name="redirect_url" value="\/account\?x=1"/g)).toHaveLength(2);
    expect(text).toContain('data-next="/account?x=1"');
  });
});

describe('the form of a provider', () => {
  it('leads on to it by a page, since a redirect would be held to form-action all the way', async () => {
    const response = await start({ provider: 'google', nonce: nonceOf(await page()), redirect_url: '/account?x=1' });
    expect(response.status).toBe(200);
    const text = await response.text();
    const address = addressOf(text);
    expect(address.origin + address.pathname).toBe('https://accounts.google.com/o/oauth2/v2/auth');
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      client_id: 'our-id-at-google',
      redirect_uri: 'http://localhost:8787/oauth/callback/google',
      code_challenge_method: 'S256',
    });
    expect(text).toContain(`<a href="${address.href.replaceAll('&', '&amp;')}">Go on to Google</a>`);
    expect(cookiesOf(response)).toMatch(/^gatehouse_sign_in=/);
    expect(response.headers.get('set-cookie')).toContain('HttpOnly');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(/form-action ([^;]+)/.exec(policy)?.[1]).toBe("'self' https://app.example.com");
    expect(text).not.toContain('a-secret-of-google');
  });

  it('sent twice is one request, and for another provider another one', async () => {
    const nonce = nonceOf(await page());
    const stateOf = async (fields: Record<string, string>) =>
      addressOf(await (await start({ nonce, ...fields })).text()).searchParams.get('state');
    const state = await stateOf({ provider: 'google' });
    expect(await stateOf({ provider: 'google' })).toBe(state);
    const others = [await stateOf({ provider: 'github' }), await stateOf({ provider: 'google', redirect_url: '/x' })];
    expect(new Set([state, ...others]).size).toBe(3);
  });

  it.each([
    ['a provider that nobody knows', { provider: 'zzmarkerzz' }, 404],
    ['a provider that is not set up', { provider: 'microsoft' }, 404],
    ['no provider', {}, 404],
    ['a foreign address to return to', { provider: 'google', redirect_url: 'https://zzmarkerzz.example' }, 400],
  ] as [string, Record<string, string>, number][])('with %s is refused in words', async (_, fields, status) => {
    const response = await start(fields);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(text).toContain('role="alert"');
    expect(text).not.toContain('zzmarkerzz');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('from another site is refused, and nothing is stored', async () => {
    const count = () => owner.query<{ n: string }>('select count(*) as n from oauth_states');
    const before = await count();
    expect((await start({ provider: 'google' }, { origin: 'https://evil.example' })).status).toBe(403);
    expect(await count()).toEqual(before);
  });
});

describe('what the way back from a provider ended in', () => {
  it.each(['provider.denied', 'oauth_state.expired', 'social_account.email_unverified', 'user.suspended'] as const)(
    '%s is said in words',
    async (code) => {
      const text = textOf(await page(`/sign-in?problem=${code}`));
      expect(text).toContain(errors[code].message);
    },
  );

  it.each(['internal.error', 'code.invalid', 'toString', '__proto__', 'provider.denied.more', ''])(
    '"%s" is not, since anybody can write an address (CVE-2025-71404)',
    async (code) => {
      const banner = 'class="banner bad" role="alert" tabindex="-1" autofocus';
      expect(await page(`/sign-in?problem=${encodeURIComponent(code)}`)).not.toContain(banner);
      expect(await page('/sign-in?problem=provider.denied')).toContain(banner);
    },
  );
});
