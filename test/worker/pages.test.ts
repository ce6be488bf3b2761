import { env, exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import { readMailbox } from '../../src/http/pages/mailbox.tsx';

const ORIGIN = 'http://localhost:8787';

let networks = 0;

/** A request as a browser sends it, from a network of its own, since mails are counted by network. */
function browse(path: string, { headers, ...init }: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
  networks += 1;
  const all = { accept: 'text/html,*/*;q=0.8', 'cf-connecting-ip': `203.0.113.${networks}`, ...headers };
  return exports.default.fetch(new Request(ORIGIN + path, { redirect: 'manual', ...init, headers: all }));
}

function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return browse(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: ORIGIN, ...headers } });
}

describe('every page', () => {
  it.each(['/sign-in', '/sign-in/code', '/dev/mailbox', '/nothing'])('%s lets in no script but our own, and is not kept', async (path) => {
    const { headers } = await browse(path);
    const policy = headers.get('content-security-policy') ?? '';
    for (const directive of [
      "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
      "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ]) {
      expect(policy).toContain(directive);
    }
    expect(policy).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    // With no-referrer a form of ours would come with "Origin: null", and be refused.
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });

  it('holds no inline script or style, and asks not to be indexed', async () => {
    const text = await (await browse('/sign-in')).text();
    expect(text).toMatch(/^<!doctype html><html lang="en">/);
    expect(text).not.toMatch(/<style|<script(?![^>]* src=)|\son\w+=|\sstyle=/);
    expect(text).toContain('<meta name="robots" content="noindex"');
  });

  it('refers to assets that browsers may keep for ever, whose address says their content', async () => {
    const text = await (await browse('/sign-in')).text();
    const paths = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths).toHaveLength(2);
    for (const path of paths) {
      const asset = await browse(path);
      expect(asset.status).toBe(200);
      expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(asset.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
      expect((await browse(path.replace(/\.[0-9a-f]{16}\./, '.0000000000000000.'))).status).toBe(404);
    }
    expect((await browse('/favicon.svg')).headers.get('content-type')).toBe('image/svg+xml');
  });

  it.each([
    ['/', '/account'],
    ['/account', '/sign-in?redirect_url=/account'],
    ['/account/profile', '/account'],
    ['/favicon.ico', '/favicon.svg'],
  ])('%s leads to %s', async (path, target) => {
    expect((await browse(path)).headers.get('location')).toBe(target);
  });

  it('on another host than PUBLIC_URL leads there, with its path and query', async () => {
    const request = new Request('http://127.0.0.1:8787/sign-in?done=signed_out', { redirect: 'manual' });
    const response = await exports.default.fetch(request);
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe(`${ORIGIN}/sign-in?done=signed_out`);
  });
});

describe('what an address holds', () => {
  const marker = 'zzmarkerzz';
  it.each([
    `/sign-in?done=${marker}`,
    `/sign-in?done=__proto__&error=${marker}`,
    `/sign-in?redirect_url=https://${marker}.example/`,
    `/sign-in?redirect_url=${encodeURIComponent(`"><script>${marker}</script>`)}`,
    `/sign-in/code?redirect_url=//${marker}.example`,
    `/dev/mailbox?to=${marker}`,
    `/${marker}?error=${marker}`,
  ])('is not shown by %s (CVE-2025-71404)', async (path) => {
    expect(await (await browse(path)).text()).not.toContain(marker);
  });

  it('is carried on when it is an allowed address to return to, escaped', async () => {
    const target = `https://app.example.com/a?b=1&c='d'`;
    const text = await (await browse(`/sign-in?redirect_url=${encodeURIComponent(target)}`)).text();
    expect(text).toContain('name="redirect_url" value="https://app.example.com/a?b=1&amp;c=%27d%27"');
  });
});

describe('a form', () => {
  it.each([[{ origin: 'https://evil.example' }], [{ origin: 'null' }]])('from %o is refused', async (headers) => {
    expect((await post('/sign-in', { email: 'ada@example.com' }, headers)).status).toBe(403);
  });

  it('gets the same answer for an address that has an account and one that has none', async () => {
    const known = 'pages-known@example.com';
    const asked = await post('/sign-in', { email: known });
    const cookie = (asked.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const code = await codeFor(known);
    const signedIn = await post('/sign-in/code', { code }, { cookie });
    expect(signedIn.headers.get('location')).toBe('/account');
    expect(signedIn.headers.get('set-cookie')).toContain('gatehouse_session=gts_');
    const unknown = await post('/sign-in', { email: 'pages-unknown@example.com' });
    const again = await post('/sign-in', { email: known.toUpperCase() });
    for (const answer of [asked, unknown]) {
      expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([303, '/sign-in/code', '']);
    }
    // A second mail within a minute is refused for any address, so that tells nothing either.
    const unknownAgain = await post('/sign-in', { email: 'pages-unknown@example.com' });
    expect([again.status, unknownAgain.status]).toEqual([429, 429]);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each([
    ['/sign-in', { email: '' }],
    ['/sign-in', { email: 'a\0b@example.com' }],
    ['/sign-in', { email: 'a@example.com, b@example.com' }],
    ['/sign-in', { email: 'ok@example.com', redirect_url: '//evil.example' }],
    ['/sign-in', { email: 'x'.repeat(100_000) }],
    ['/sign-in/code', { code: '' }],
    ['/sign-in/code', { code: '12345\ud800' }],
    ['/sign-in/code', { code: '123456' }],
  ])('to %s with %o is refused in words', async (path, fields: Record<string, string>) => {
    const response = await post(path, fields);
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).toContain('role="alert"');
    expect(text).not.toMatch(/\bat .*\.tsx?|ZodError|invalid_/);
  });

  it('that is no form is refused and is no failure of ours', async () => {
    const headers = { origin: ORIGIN, 'content-type': 'multipart/form-data; boundary=x' };
    expect((await browse('/sign-in', { method: 'POST', body: 'not a form', headers })).status).toBe(400);
    const json = { origin: ORIGIN, 'content-type': 'application/json' };
    expect((await browse('/sign-in/code', { method: 'POST', body: '{"code":"123456"}', headers: json })).status).toBe(400);
  });

  it.each(['/account/profile', '/account/sessions/revoke', '/account/sessions/revoke-others', '/account/sign-out'])(
    'to %s leads whoever is not signed in to the sign-in page, and forgets a dead cookie',
    async (path) => {
      expect((await post(path, {})).headers.get('location')).toBe('/sign-in?redirect_url=/account');
      const cookie = `gatehouse_session=gts_${'A'.repeat(43)}`;
      const dead = await post(path, { display_name: 'x', session_id: crypto.randomUUID() }, { cookie });
      expect(dead.status).toBe(303);
      expect(dead.headers.get('location')).toBe('/sign-in?redirect_url=/account&done=session_ended');
      expect(dead.headers.get('set-cookie')).toContain('gatehouse_session=; Max-Age=0');
    },
  );
});

describe('an error', () => {
  it('is a page for browsers, with the id of the request and no stack', async () => {
    const response = await browse('/nothing');
    expect(response.status).toBe(404);
    const text = await response.text();
    expect(text).toContain('There is nothing here');
    expect(text).toContain(response.headers.get('x-request-id') ?? 'no id');
    expect(text).not.toMatch(/\bat .*\.tsx?/);
  });

  it.each([['/nothing', '*/*'], ['/v1/nothing', 'text/html'], ['/dev/nothing.json', 'text/html']])(
    'of %s for programs is JSON (accept: %s)',
    async (path, accept) => {
      const response = await browse(path, { headers: { accept } });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: 'route.not_found' } });
    },
  );
});

describe('the development mailbox', () => {
  const bindings = env as unknown as Env;

  it('shows the HTML part of a mail in a sandbox without scripts', async () => {
    const email = 'pages-mailbox@example.com';
    await post('/sign-in', { email });
    await codeFor(email);
    const { items } = (await (await browse(`/dev/mailbox.json?to=${email}`)).json()) as { items: { id: number; sent_at: string }[] };
    expect(items).toMatchObject([{ to: email, sent_at: expect.stringMatching(/^\d{4}-.*Z$/) }]);
    const response = await browse(`/dev/mailbox/${items[0]?.id}`);
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups .*default-src 'none'/);
    expect(response.headers.get('content-security-policy')).not.toContain('allow-scripts');
    expect((await browse('/dev/mailbox/999999999')).status).toBe(404);
  });

  it('is not there outside development, even where it is bound', async () => {
    expect(bindings.DEVELOPMENT_MAILBOX).toBeDefined();
    await expect(readMailbox({ bindings, settings: { environment: 'production' } })).rejects.toMatchObject({ code: 'route.not_found' });
    await expect(readMailbox({ bindings, settings: { environment: 'development' } })).resolves.toBeInstanceOf(Array);
  });
});

/** The code of the newest mail to an address; waits, since mail goes out after the answer. */
async function codeFor(email: string): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { items } = (await (await browse(`/dev/mailbox.json?to=${email}`)).json()) as { items: { text: string }[] };
    const code = /^\d{6}$/m.exec(items[0]?.text ?? '')?.[0];
    if (code) return code;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`No mail to ${email}.`);
}
