import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { owner } from '../support/worker.ts';
import { beginSignIn, browse, comeBack } from './support.ts';

describe('an error in an address', () => {
  const script = '<script>alert(1)</script>';

  it.each(['/sign-in', '/account', '/step-up', '/not-me', '/sign-in/code', '/nothing', `/${script}`])(
    'CVE-2025-71404: of %s is never shown',
    async (path) => {
      const { token } = await newPerson(owner);
      const headers = { cookie: `gatehouse_session=${token}` };
      for (const name of ['error', 'error_description', 'problem', 'done', 'message']) {
        const given = `${path}?${name}=${encodeURIComponent(script)}`;
        for (const value of [given, `${path}?${name}=internal.error`, `${path}?${name}=constructor`]) {
          const response = await browse(value, { headers });
          const text = await response.text();
          expect(response.status, value).toBeLessThan(500);
          expect(text).not.toContain(script);
          expect(text).not.toMatch(/Something went wrong on our side|native code/);
          expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
        }
      }
    },
  );

  it('CVE-2025-71404: a provider’s words are not passed on; its refusal is told in ours', async () => {
    const begun = await beginSignIn();
    const words = encodeURIComponent(script);
    const query = `state=${begun.state}&error=access_denied&error_description=${words}&error_uri=${words}`;
    const { location } = await comeBack(`/oauth/callback/demo?${query}`, begun.cookie);
    expect(location).toBe('/sign-in?problem=provider.denied');
    const page = await (await browse(location)).text();
    expect(page).toContain('the sign-in was cancelled');
    const other = await beginSignIn();
    const odd = `state=${other.state}&error=${words}`;
    expect((await comeBack(`/oauth/callback/demo?${odd}`, other.cookie)).location).toBe(
      '/sign-in?problem=provider.refused',
    );
  });

  it('CVE-2025-71404: a form that a provider posts comes back as text', async () => {
    const body = new URLSearchParams({ state: script, error: '"><img src=x onerror=alert(1)>', [script]: script });
    const response = await browse('/oauth/callback/demo', { method: 'POST', body, headers: { origin: 'null' } });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).not.toMatch(/<script>|<img/);
    expect(text).toContain('&lt;script&gt;');
  });
});
