import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { PUBLIC_URL, readMail, send } from '../../support/worker.ts';
import { browse, post } from './browse.ts';

const newEmail = () => `${newId()}@example.com`;

describe('a form', () => {
  it.each([[{ origin: 'https://evil.example' }], [{ origin: 'null' }]])('from %o is refused', async (headers) => {
    expect((await post('/sign-in', { email: 'ada@example.com' }, headers)).status).toBe(403);
  });

  it('gets the same answer for an address that has an account and one that has none', async () => {
    const [known, stranger] = [newEmail(), newEmail()];
    const asked = await post('/sign-in', { email: known });
    const cookie = (asked.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const { code = '' } = (await readMail(known)) ?? {};
    const signedIn = await post('/sign-in/code', { code }, { cookie });
    expect(signedIn.headers.get('location')).toBe('/account');
    expect(signedIn.headers.get('set-cookie')).toContain('gatehouse_session=gts_');
    const unknown = await post('/sign-in', { email: stranger });
    const again = await post('/sign-in', { email: known.toUpperCase() });
    for (const answer of [asked, unknown]) {
      expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([303, '/sign-in/code', '']);
    }
    // A second mail within a minute is refused for any address, so that tells nothing either.
    const unknownAgain = await post('/sign-in', { email: stranger });
    expect([again.status, unknownAgain.status]).toEqual([429, 429]);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each([
    ['an empty address', '/sign-in', { email: '' }],
    ['an address with U+0000', '/sign-in', { email: 'a\0b@example.com' }],
    ['two addresses', '/sign-in', { email: 'a@example.com, b@example.com' }],
    ['an address of 100,000 characters', '/sign-in', { email: 'x'.repeat(100_000) }],
    ['a foreign address to return to', '/sign-in', { email: 'ok@example.com', redirect_url: '//evil.example' }],
    ['an empty code', '/sign-in/code', { code: '' }],
    ['a code with a lone surrogate', '/sign-in/code', { code: '12345\ud800' }],
    ['a code in a browser that asked for none', '/sign-in/code', { code: '123456' }],
  ] as [string, string, Record<string, string>][])('with %s is refused in words', async (_, path, fields) => {
    const response = await post(path, fields);
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).toContain('role="alert"');
    expect(text).not.toMatch(/\bat .*\.tsx?|ZodError|invalid_/);
  });

  it('that is no form is refused and is no failure of ours', async () => {
    const headers = { origin: PUBLIC_URL, 'content-type': 'multipart/form-data; boundary=x' };
    expect((await browse('/sign-in', { method: 'POST', body: 'not a form', headers })).status).toBe(400);
    const json = { origin: PUBLIC_URL, 'content-type': 'application/json' };
    expect((await browse('/sign-in/code', { method: 'POST', body: '{"code":"123456"}', headers: json })).status).toBe(
      400,
    );
  });

  it.each([
    '/account/profile',
    '/account/sessions/revoke',
    '/account/sessions/revoke-others',
    '/account/sign-out',
    '/account/email',
    '/account/passkeys/rename',
    '/account/passkeys/remove',
    '/account/social/link',
    '/account/social/unlink',
    '/account/tokens',
    '/account/tokens/rotate',
    '/account/tokens/revoke',
    '/step-up',
  ])('to %s leads whoever is not signed in to the sign-in page, and forgets a dead cookie', async (path) => {
    expect((await post(path, {})).headers.get('location')).toBe('/sign-in?redirect_url=/account');
    const cookie = `gatehouse_session=gts_${'A'.repeat(43)}`;
    const dead = await post(path, { display_name: 'x', session_id: crypto.randomUUID() }, { cookie });
    expect(dead.status).toBe(303);
    expect(dead.headers.get('location')).toBe('/sign-in?redirect_url=/account&done=session_ended');
    expect(dead.headers.get('set-cookie')).toContain('gatehouse_session=; Max-Age=0');
  });

  it.each(['/account/email/code', '/step-up/code'])('to %s is nobody’s without a session', async (path) => {
    expect((await post(path, { code: '123456' })).headers.get('location')).toBe('/sign-in?redirect_url=/account');
  });

  it('that meets a limiter which cannot be asked says so, and what was typed stays', async () => {
    const broken = {
      RATE_LIMITER: {
        idFromName: () => {
          throw new Error('gone');
        },
      },
    };
    const body = new URLSearchParams({ email: 'ada@example.com' });
    const request = new Request(`${PUBLIC_URL}/sign-in`, { method: 'POST', headers: { origin: PUBLIC_URL }, body });
    const response = await send(request, broken);
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/role="alert".*cannot answer just now.*value="ada@example\.com"/);
  });
});
