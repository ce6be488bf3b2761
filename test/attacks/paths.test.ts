import { describe, expect, it } from 'vitest';
import { allProcedures, publicProcedures } from '../support/procedures.ts';
import { newPerson } from '../support/owner.ts';
import { owner, PUBLIC_URL, readMail, send } from '../support/worker.ts';
import { askForLink, from, newEmail, verifyLink } from './support.ts';

/** A path in other spellings: some readers take them for it, some do not. */
function spellings(path: string): string[] {
  const [, first = '', ...rest] = path.split('/');
  const tail = rest.join('/');
  const escaped = (text: string) => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`;
  return [
    `/${path}`,
    `//${path}`,
    `${path}/`,
    `${path}//`,
    `${path}/.`,
    `/${first}//${tail}`,
    `/${first}/./${tail}`,
    `/x/../${first}/${tail}`,
    `/x/%2e%2e/${first}/${tail}`,
    `/x%2f..%2f${first}/${tail}`,
    `/${first}%2f${tail}`,
    `/${escaped(first)}/${tail}`,
    `/${first}/${escaped(tail)}`,
    `/${first}/${escaped(escaped(tail).replace('%', '%25'))}`,
    `/${first.toUpperCase()}/${tail}`,
    `/${first}/${tail.toUpperCase()}`,
    `${path};x=1`,
    `${path}%00`,
    `${path}%20`,
    `${path}%3f`,
    `${path}.json`,
    `/${first}\\${tail}`,
  ];
}

function request(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: string },
) {
  const all = { 'content-type': 'application/json', ...headers };
  return send(new Request(PUBLIC_URL + path, { method, headers: all, body, redirect: 'manual' }));
}

describe('another spelling of a path', () => {
  it('GHSA-x732-6j76-qmhm: gets around no rate limit', async () => {
    const headers = from();
    const body = JSON.stringify({ token: 'A'.repeat(43), delivery: 'bearer' });
    const paths = ['/trpc/auth.verifyMagicLink', '/v1/auth/magic-links/verify'];
    const codes = [];
    for (let i = 0; i < 4; i += 1) {
      const text = await (await request(paths[0] ?? '', { method: 'POST', headers, body })).text();
      codes.push(/rate_limit\.exceeded|magic_link\.invalid/.exec(text)?.[0]);
    }
    expect(codes).toEqual([...Array.from({ length: 3 }, () => 'magic_link.invalid'), 'rate_limit.exceeded']);
    for (const path of [...paths, ...paths.flatMap(spellings), `${paths[0]}?batch=1`]) {
      const given = path.includes('batch') ? `{"0":${body}}` : body;
      const response = await request(path, { method: 'POST', headers, body: given });
      const text = await response.text();
      expect(text, path).not.toContain('magic_link.');
      expect(response.status, path).toBeGreaterThanOrEqual(400);
      if (paths.includes(path)) expect(response.status).toBe(429);
    }
    // From elsewhere a right one is redeemed.
    expect((await verifyLink(await askForLink(newEmail()))).status).toBe(200);
  });

  const guarded = allProcedures().filter(({ path }) => !publicProcedures.includes(path));

  it('CVE-2026-41248: makes no procedure public', async () => {
    expect(guarded.length).toBeGreaterThan(20);
    for (const { path, type, meta } of guarded) {
      const calls = [[type === 'query' ? 'GET' : 'POST', `/trpc/${path}`]];
      const id = crypto.randomUUID();
      if (meta.openapi) calls.push([meta.openapi.method, `/v1${meta.openapi.path.replace(/\{\w+\}/g, id)}`]);
      for (const [method = '', canonical = ''] of calls) {
        const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
        const answers = spellings(canonical).map((spelling) => request(spelling, { method, body }));
        const statuses = (await Promise.all(answers)).map(({ status }) => status);
        // 303 and 307 lead a browser to another page; 400 is a broken path.
        expect(
          statuses.filter((status) => ![303, 307, 400, 401, 403, 404, 405, 415].includes(status)),
          canonical,
        ).toEqual([]);
      }
    }
    const me = await newPerson(owner);
    const headers = { authorization: `Bearer ${me.token}` };
    expect((await request('/v1/auth/session', { headers })).status).toBe(200);
    expect((await request('/v1/auth/session', {})).status).toBe(401);
  }, 120_000);

  it('CVE-2026-126357: is read the same by the check of origins and by the handler', async () => {
    const email = newEmail();
    const body = JSON.stringify({ email });
    const headers = { origin: 'https://evil.example' };
    const paths = [
      '/trpc/auth.requestMagicLink',
      ...spellings('/trpc/auth.requestMagicLink'),
      // A provider's post may come from anywhere: nothing else passes for one.
      '/oauth/callback/../../trpc/auth.requestMagicLink',
      '/oauth/callback/%2e%2e/%2e%2e/trpc/auth.requestMagicLink',
      '/oauth/callback/demo%2f..%2f..%2f..%2ftrpc%2fauth.requestMagicLink',
      '/oauth/callback/demo/../../../v1/auth/magic-links',
      '/oauth/callback/demo;/../../../v1/auth/magic-links',
      '/trpc/auth.requestMagicLink?x=/oauth/callback/demo',
      '/trpc/auth.requestMagicLink#/oauth/callback/demo',
    ];
    for (const path of paths) {
      const { status } = await request(path, { method: 'POST', headers, body });
      expect([400, 403, 404, 405], path).toContain(status);
    }
    expect(await readMail(email)).toBeNull();
    const own = { origin: PUBLIC_URL };
    expect((await request('/trpc/auth.requestMagicLink', { method: 'POST', headers: own, body })).status).toBe(200);
    expect(await readMail(email)).not.toBeNull();
  });
});
