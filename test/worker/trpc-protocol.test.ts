import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { initTRPC } from '@trpc/server';
import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { owner, PUBLIC_URL, send } from '../support/worker.ts';

/** Single calls take a short way past tRPC's own adapter: what they answer must be what the adapter would. */
const json = { 'content-type': 'application/json' };
const input = (value: unknown) => encodeURIComponent(JSON.stringify(value));

async function both(path: string, init: { method: string; body?: string; headers: Record<string, string> }) {
  const short = await send(new Request(`${PUBLIC_URL}/trpc/${path}`, init));
  // "trpc-accept" is what the short way leaves to the adapter; this value asks the adapter for nothing special.
  const long = await send(
    new Request(`${PUBLIC_URL}/trpc/${path}`, {
      ...init,
      headers: { ...init.headers, 'trpc-accept': 'application/json' },
    }),
  );
  const read = async (response: Response) => ({
    status: response.status,
    type: response.headers.get('content-type')?.split(';')[0],
    body: (await response.text()).replaceAll(/"requestId":"[^"]*"/g, '"requestId":"…"'),
  });
  return [await read(short), await read(long)];
}

describe('a single call answers as tRPC’s adapter does', () => {
  it.each([
    ['a query', 'auth.getSession', { method: 'GET' }],
    ['a query with input', `auth.listLoginHistory?input=${input({ limit: 3 })}`, { method: 'GET' }],
    ['a batch of one', `auth.getSession?batch=1&input=${input({})}`, { method: 'GET' }],
    [
      'a batch of one with input',
      `auth.listLoginHistory?batch=1&input=${input({ 0: { limit: 3 } })}`,
      { method: 'GET' },
    ],
    ['wrong input', `auth.listLoginHistory?input=${input({ limit: 0 })}`, { method: 'GET' }],
    [
      'wrong input in a batch of one',
      `auth.listLoginHistory?batch=1&input=${input({ 0: { limit: 'x' } })}`,
      { method: 'GET' },
    ],
    ['input that is not JSON', 'auth.listLoginHistory?input=%7B', { method: 'GET' }],
    ['a mutation', 'account.updateProfile', { method: 'POST', body: '{"bio":"x"}' }],
    ['a mutation without a body', 'auth.revokeOtherSessions', { method: 'POST' }],
    [
      'a mutation that is refused',
      'auth.revokeSession',
      { method: 'POST', body: '{"sessionId":"019a0000-0000-7000-8000-000000000001"}' },
    ],
    ['a mutation by GET', 'auth.signOut', { method: 'GET' }],
    ['a query by POST', 'auth.getSession', { method: 'POST', body: '{}' }],
  ] as const)('%s', async (_, path, init) => {
    const { token } = await newPerson(owner);
    const [short, long] = await both(path, { ...init, headers: { ...json, authorization: `Bearer ${token}` } });
    // The time of the last change is the one thing that two updates differ in.
    const withoutTimes = (text: string | undefined) => text?.replaceAll(/"updatedAt":"[^"]*"/g, '');
    expect({ ...short, body: withoutTimes(short?.body) }).toEqual({ ...long, body: withoutTimes(long?.body) });
  });

  it('without a credential', async () => {
    const [short, long] = await both('auth.getSession', { method: 'GET', headers: json });
    expect(short).toEqual(long);
    expect(short?.status).toBe(401);
  });
});

it('the adapter understands the header this test steers by', async () => {
  const t = initTRPC.create();
  const router = t.router({ hello: t.procedure.query(() => 'hi') });
  const req = new Request('http://localhost/trpc/hello', { headers: { 'trpc-accept': 'application/json' } });
  const response = await fetchRequestHandler({ endpoint: '/trpc', req, router });
  expect(await response.json()).toEqual({ result: { data: 'hi' } });
});
