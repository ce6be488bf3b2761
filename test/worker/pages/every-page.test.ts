import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { PUBLIC_URL, send, workerEnv } from '../../support/worker.ts';
import { browse, deployed, post } from './browse.ts';

const failure = new Error('not for anybody');

describe('every page', () => {
  it.each(['/sign-in', '/sign-in/code', '/not-me', '/dev/mailbox', '/nothing'])(
    '%s lets in no script but our own, and is not kept',
    async (path) => {
      const { headers } = await browse(path);
      const policy = headers.get('content-security-policy') ?? '';
      for (const directive of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'self' https://app.example.com;",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]) {
        expect(policy).toContain(directive);
      }
      expect(policy).not.toContain('unsafe');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-type')).toMatch(/^text\/html/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      // With no-referrer a form of ours would come with "Origin: null", and be refused.
      expect(headers.get('referrer-policy')).toBe('same-origin');
    },
  );

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
    ['/account/tokens', '/account'],
    ['/account/connections', '/sign-in?redirect_url=/account/connections'],
    ['/account/connections/refresh', '/account/connections'],
    ['/sign-in/social', '/sign-in'],
    // With a fragment of their own, so that the secret of a mail is not taken along to the page of signing in.
    ['/account/email', '/sign-in?redirect_url=/account&done=elsewhere#'],
    ['/step-up?redirect_url=/account', '/sign-in?redirect_url=/account&done=elsewhere#'],
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
    `/sign-in?problem=${marker}`,
    `/sign-in?problem=provider.denied${marker}&error_description=${marker}`,
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

describe('an error', () => {
  it('is a page for browsers, with the id of the request and no stack', async () => {
    const response = await browse('/nothing');
    expect(response.status).toBe(404);
    const text = await response.text();
    expect(text).toContain('There is nothing here');
    expect(text).toContain(response.headers.get('x-request-id') ?? 'no id');
    expect(text).not.toMatch(/\bat .*\.tsx?/);
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

  it.each([
    ['/nothing', '*/*'],
    ['/v1/nothing', 'text/html'],
    ['/dev/nothing.json', 'text/html'],
  ])('of %s for programs is JSON (accept: %s)', async (path, accept) => {
    const response = await browse(path, { headers: { accept } });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'route.not_found' } });
  });
});

describe('the development mailbox', () => {
  it('shows the HTML part of a mail in a sandbox without scripts', async () => {
    const email = `${newId()}@example.com`;
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
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-gatehouse_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });
});
