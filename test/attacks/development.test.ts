import { expect, it } from 'vitest';
import { call, PUBLIC_URL, send } from '../support/worker.ts';
import { newEmail } from './support.ts';

/**
 * DNS rebinding: a page of evil.example has its own name point to 127.0.0.1, and asks the development server as its own
 * origin. Its name is in the address and in Host; whatever else it sends, it chooses.
 */
const foreign = [
  'http://evil.example:8787',
  'http://evil.localhost:8787',
  'http://localhost.evil.example:8787',
  'http://127.0.0.1.evil.example:8787',
  'http://localhost.:8787',
  'http://10.0.0.1:8787',
  'https://evil.example',
];

async function ask(origin: string, path: string, init: RequestInit = {}) {
  const response = await send(new Request(origin + path, { redirect: 'manual', ...init }));
  return { status: response.status, text: await response.text() };
}

const read = [
  '/dev/mailbox',
  '/dev/mailbox.json',
  '/dev/mailbox/1',
  '/sign-in',
  '/health',
  '/openapi.json',
  '/nothing',
];

it.each(foreign)('DNS rebinding: %s reads nothing of a development server, no mail above all', async (origin) => {
  const email = newEmail();
  expect((await call('auth.requestMagicLink', { email })).status).toBe(200);
  expect((await ask(PUBLIC_URL, '/dev/mailbox.json')).text).toContain(email);
  for (const path of read) {
    for (const accept of ['text/html', 'application/json']) {
      const answer = await ask(origin, path, { headers: { accept } });
      expect(answer.status, path).toBe(403);
      expect(answer.text, path).toContain('"host.untrusted"');
      expect(answer.text, path).not.toContain(email);
    }
  }
});

it('DNS rebinding: nor does it where only the Host header says so, or only the address', async () => {
  for (const path of ['/dev/mailbox.json', '/health']) {
    expect((await ask(PUBLIC_URL, path, { headers: { host: 'evil.example:8787' } })).status).toBe(403);
    expect((await ask('http://evil.example:8787', path, { headers: { host: 'localhost:8787' } })).status).toBe(403);
  }
});

it('DNS rebinding: nor does it change anything, with a bearer or without', async () => {
  const email = newEmail();
  const headers = { 'content-type': 'application/json', authorization: `Bearer gts_${'x'.repeat(43)}` };
  const body = JSON.stringify({ email, delivery: 'bearer' });
  const calls = [
    ['/trpc/auth.requestMagicLink', { method: 'POST', headers, body }],
    ['/v1/auth/magic-links', { method: 'POST', headers, body }],
    ['/trpc/auth.requestMagicLink', { method: 'OPTIONS', headers: { origin: 'http://evil.example:8787' } }],
    ['/sign-in', { method: 'POST', body: new URLSearchParams({ email }) }],
  ] as const;
  for (const [path, init] of calls) expect((await ask('http://evil.example:8787', path, init)).status, path).toBe(403);
  expect((await ask(PUBLIC_URL, '/dev/mailbox.json')).text).not.toContain(email);
});

it('the names of this machine are answered, on any port: a page cannot choose another than it connects to', async () => {
  for (const origin of [PUBLIC_URL, 'http://127.0.0.1:8787', 'http://[::1]:8787', 'http://localhost:9000']) {
    expect((await ask(origin, '/dev/mailbox.json')).status, origin).toBe(200);
    expect((await ask(origin, '/health')).status, origin).toBe(200);
  }
});

it('the host of PUBLIC_URL is answered, whatever it is; and a deployment leaves hosts to its routes', async () => {
  const development = { PUBLIC_URL: 'http://gatehouse.test:8787' };
  const status = async (url: string, settings: object) => (await send(new Request(url), { ...settings })).status;
  expect(await status('http://gatehouse.test:8787/dev/mailbox.json', development)).toBe(200);
  expect(await status('http://other.test:8787/dev/mailbox.json', development)).toBe(403);
  const deployment = {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'https://account.example.com',
    NEON_SQL_ENDPOINT: undefined,
    DEMO_ISSUER: undefined,
    DEMO_CLIENT_ID: undefined,
    DEMO_CLIENT_SECRET: undefined,
  };
  expect(await status('https://other.example/openapi.json', deployment)).toBe(200);
  expect(await status('https://other.example/dev/mailbox.json', deployment)).toBe(404);
});
