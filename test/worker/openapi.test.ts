import { describe, expect, it } from 'vitest';
import type { OpenApi } from '../../src/http/openapi.ts';
import { PUBLIC_URL, send } from '../support/worker.ts';

const get = (path: string, settings = {}) => send(new Request(`${PUBLIC_URL}${path}`), settings);
const api = (await (await get('/openapi.json')).json()) as OpenApi;
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ id: operation.operationId, path, method, operation })),
);

describe('every operation of the document', () => {
  it.each(operations)('$id is there to be called', async ({ path, method, operation }) => {
    const address = `${api.servers[0]?.url}${path.replace(/\{\w+\}/g, '019a0000-0000-7000-8000-000000000001')}`;
    const hasBody = operation.requestBody !== undefined;
    const response = await send(
      new Request(address, {
        method: method.toUpperCase(),
        headers: hasBody ? { 'content-type': 'application/json' } : {},
        body: hasBody ? '{}' : undefined,
      }),
    );
    const { error } = (await response.json()) as { error?: { code: string } };
    // A public one refuses the empty input, or needs none.
    if (operation.security?.length === 0) expect([undefined, 'input.invalid']).toContain(error?.code);
    else expect(error?.code).toBe('credential.missing');
    expect(response.status).not.toBe(404);
  });
});

describe('the reference', () => {
  it('is a page that loads nothing but itself', async () => {
    const response = await get('/docs');
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    const html = await response.text();
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    );
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\sstyle=|\son\w+=/);
    const targets = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !target.startsWith('#') && target !== '/openapi.json')).toEqual([]);
  });

  it('shows every operation once, where its link points, under one heading', async () => {
    const html = await (await get('/docs')).text();
    for (const { id, path } of operations) {
      expect(html.split(`id="${id}"`)).toHaveLength(2);
      expect(html).toContain(`href="#${id}"`);
      expect(html).toContain(`/v1${path}`);
    }
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html).toMatch(/<html lang="en">[\s\S]*<main id="content"/);
  });

  it('escapes what comes from the settings', async () => {
    const html = await (await get('/docs', { PRODUCT_NAME: '<script>alert(1)</script>' })).text();
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;');
  });

  it('speaks of the deployment it is asked at', async () => {
    const answer = await get('/openapi.json', { PUBLIC_URL: 'https://account.example.com', PRODUCT_NAME: 'Acme' });
    expect(await answer.json()).toMatchObject({
      info: { title: 'Acme API' },
      servers: [{ url: 'https://account.example.com/v1' }],
      components: { securitySchemes: { cookie: { name: '__Host-gatehouse_session' } } },
    });
  });
});
