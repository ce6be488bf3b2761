import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { newAccount, signInAt } from '../support/oidc-provider.ts';
import { call, owner, PUBLIC_URL, readMail } from '../support/worker.ts';
import { askForLink, beginSignIn, browse, comeBack, cookieOf, newEmail, submit, verifyLink } from './support.ts';

/** Whether each way in leads to an address: by API, by form, by provider. False where all refuse it. */
async function leadsTo(redirectUrl: string, settings?: Record<string, unknown>): Promise<boolean> {
  const headers = { origin: PUBLIC_URL };
  const asked = await call('auth.requestMagicLink', { email: newEmail(), redirectUrl }, { headers, settings });
  const input = { provider: 'demo', redirectUrl };
  const begun = await call('auth.startSocialSignIn', input, { headers, settings });
  const body = new URLSearchParams({ email: newEmail(), redirect_url: redirectUrl });
  const form = await browse('/sign-in', { method: 'POST', headers, body }, settings);
  const statuses = [asked.status, begun.status, form.status];
  if (asked.status === 200) expect(statuses).toEqual([200, 200, 303]);
  else expect([...statuses, asked.code, begun.code]).toEqual([400, 400, 400, 'redirect.refused', 'redirect.refused']);
  return asked.status === 200;
}

describe('where to go afterwards', () => {
  it.each(['/sign-in', '/sign-in/code', '/step-up', '/step-up/code', '/account', '/not-me', '/sign-in/social'])(
    'CVE-2024-56734: is checked when %s is asked for with GET as well',
    async (path) => {
      const evil = 'https://evil.example/take';
      const { token } = await newPerson(owner);
      for (const cookie of ['', `gatehouse_session=${token}`]) {
        for (const name of ['redirect_url', 'redirectUrl', 'callbackURL', 'next', 'return_to']) {
          const response = await browse(`${path}?${name}=${encodeURIComponent(evil)}`, { headers: { cookie } });
          const location = new URL(response.headers.get('location') ?? '/', PUBLIC_URL);
          expect(location.origin).toBe(PUBLIC_URL);
          expect(decodeURIComponent(location.href) + (await response.text())).not.toContain('evil.example');
        }
      }
    },
  );

  it('CVE-2024-56734: is kept when it is allowed, by mail and by provider', async () => {
    const page = await (await browse('/sign-in?redirect_url=/account?tab=1')).text();
    expect(page).toContain('value="/account?tab=1"');
    const mail = await askForLink(newEmail(), { redirectUrl: '/account?tab=1' });
    expect((await verifyLink(mail)).data.redirectUrl).toBe(`${PUBLIC_URL}/account?tab=1`);
    const begun = await beginSignIn({ input: { redirectUrl: 'https://app.example.com/home' } });
    const { location } = await comeBack(await signInAt(begun.authorizationUrl, newAccount()), begun.cookie);
    expect(location).toBe('https://app.example.com/home');
  });

  it('CVE-2024-56734: is not taken from the request that redeems', async () => {
    const mail = await askForLink(newEmail());
    const evil = 'https://evil.example';
    const done = await verifyLink({ ...mail, redirectUrl: evil, callbackURL: evil });
    expect([done.status, done.data.redirectUrl]).toEqual([200, null]);
    const begun = await beginSignIn();
    const address = new URL(await signInAt(begun.authorizationUrl, newAccount()));
    address.searchParams.set('redirect_url', evil);
    expect((await comeBack(address.href, begun.cookie)).location).toBe('/account');
    const email = newEmail();
    const cookie = cookieOf(await submit('/sign-in', { email }), 'sign_in');
    const code = (await readMail(email))?.code ?? '';
    const typed = await submit('/sign-in/code', { code, redirect_url: evil }, cookie);
    expect([typed.status, typed.headers.get('location')]).toEqual([303, '/account']);
  });

  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2f/evil.example',
    '/%2F%2Fevil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/\t/evil.example',
    'https:evil.example',
    'https:/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    `${PUBLIC_URL}@evil.example`,
    `${PUBLIC_URL}.evil.example`,
    'evil.example',
  ])('CVE-2025-27143: %j is no path of ours', async (candidate) => {
    expect(await leadsTo(candidate)).toBe(false);
    const page = await (await browse(`/sign-in?redirect_url=${encodeURIComponent(candidate)}`)).text();
    expect(page).not.toMatch(/evil|alert\(1\)|data:text/);
  });

  it('CVE-2025-27143: a plain path is one', async () => {
    for (const path of ['/account', '/account?next=//evil.example', '/a%20b'])
      expect(await leadsTo(path), path).toBe(true);
  });

  it('CVE-2025-71403: a trusted origin is compared whole', async () => {
    expect(await leadsTo('https://app.example.com/home')).toBe(true);
    for (const origin of [
      'https://app.example.com.evil.example',
      'https://evil.example/https://app.example.com',
      'https://evilapp.example.com',
      'https://app.example.com:8443',
      'http://app.example.com',
      'https://app.example.com@evil.example',
      'https://app.example.com%2eevil.example',
      'https://app-example.com',
      'https://sub.app.example.com',
    ]) {
      expect(await leadsTo(origin), origin).toBe(false);
      const { headers } = await browse('/sign-in', { headers: { origin } });
      expect(headers.get('access-control-allow-origin'), origin).toBeNull();
    }
  });

  it('CVE-2025-71403: a wildcard among the trusted origins lets nobody in', async () => {
    const settings = { TRUSTED_ORIGINS: 'https://*.example.com,https://app.example.org' };
    for (const origin of ['https://evil.example.com', 'https://x.example.com', 'https://*.example.com']) {
      expect(await leadsTo(`${origin}/`, settings), origin).toBe(false);
    }
    expect(await leadsTo('https://app.example.org/', settings)).toBe(true);
    const email = newEmail();
    for (const [origin, status] of [
      ['https://evil.example.com', 403],
      ['https://app.example.org', 200],
    ] as const) {
      const answer = await call('auth.requestMagicLink', { email }, { headers: { origin }, settings });
      expect([origin, answer.status]).toEqual([origin, status]);
    }
  });
});
