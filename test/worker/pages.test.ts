import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { PUBLIC_URL, readMail, send, workerEnv } from '../support/worker.ts';

interface Sent {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  readonly headers?: Record<string, string>;
}

const failure = new Error('not for anybody');
const newEmail = () => `${newId()}@example.com`;

/** A request as a browser sends it. */
function browse(path: string, { headers, ...rest }: Sent = {}): Promise<Response> {
  const accept = 'text/html,*/*;q=0.8';
  return send(new Request(PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: { accept, ...headers } }));
}

function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return browse(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: PUBLIC_URL, ...headers } });
}

/** A request to a deployment: https, and nothing of development but its bindings. */
function deployed(path: string, { headers, ...rest }: Sent = {}): Promise<Response> {
  const settings = { ENVIRONMENT: 'production', PUBLIC_URL: 'https://account.example.com', NEON_SQL_ENDPOINT: undefined };
  const all = { accept: 'text/html', origin: settings.PUBLIC_URL, ...headers };
  return send(new Request(settings.PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: all }), settings);
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
    const response = await send(request);
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe(`${PUBLIC_URL}/sign-in?done=signed_out`);
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

  it('of a limiter that cannot be asked is said in words, and what was typed stays', async () => {
    const broken = { RATE_LIMITER: { idFromName: () => failure } };
    const body = new URLSearchParams({ email: 'ada@example.com' });
    const request = new Request(`${PUBLIC_URL}/sign-in`, { method: 'POST', headers: { origin: PUBLIC_URL }, body });
    const response = await send(request, broken);
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/role="alert".*cannot answer just now.*value="ada@example\.com"/);
  });

  it('of ours keeps what happened to itself', async () => {
    const list = () => Promise.reject(failure);
    const broken = { DEVELOPMENT_MAILBOX: { getByName: () => ({ list }) } };
    const response = await send(new Request(`${PUBLIC_URL}/dev/mailbox`, { headers: { accept: 'text/html' } }), broken);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('Something went wrong on our side');
    expect(text).not.toContain('not for anybody');
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
  it('shows the HTML part of a mail in a sandbox without scripts', async () => {
    const email = newEmail();
    await post('/sign-in', { email });
    const answer = await browse(`/dev/mailbox.json?to=${email}`);
    const { items } = (await answer.json()) as { items: { id: number }[] };
    expect(items).toMatchObject([{ to: email, sent_at: expect.stringMatching(/^\d{4}-.*Z$/) }]);
    const response = await browse(`/dev/mailbox/${items[0]?.id}`);
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups .*default-src 'none'/);
    expect(response.headers.get('content-security-policy')).not.toContain('allow-scripts');
    expect((await browse('/dev/mailbox/999999999')).status).toBe(404);
  });
});

describe('a deployment', () => {
  it('has no mailbox, even where one is bound', async () => {
    expect(workerEnv.DEVELOPMENT_MAILBOX).toBeDefined();
    for (const path of ['/dev/mailbox', '/dev/mailbox.json', '/dev/mailbox/1']) {
      const response = await deployed(path);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain('@example.com');
    }
  });

  it('sends nobody to another host, and forgets a dead cookie by its full name', async () => {
    expect((await deployed('/sign-in')).status).toBe(200);
    const cookie = `__Host-gatehouse_session=gts_${'A'.repeat(43)}`;
    const settings = { ENVIRONMENT: 'development', PUBLIC_URL: 'https://localhost:8787' };
    const request = new Request(`${settings.PUBLIC_URL}/account`, { redirect: 'manual', headers: { cookie } });
    const response = await send(request, settings);
    expect(response.status).toBe(303);
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-gatehouse_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  });
});
