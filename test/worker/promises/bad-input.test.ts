import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutations } from '../../support/hostile-input.ts';
import { newPerson } from '../../support/owner.ts';
import { allProcedures, type ProcedureInfo } from '../../support/procedures.ts';
import { sampleInput } from '../../support/sample-input.ts';
import { newAddress, owner, PUBLIC_URL, send } from '../../support/worker.ts';

async function post(procedure: ProcedureInfo, input: unknown, token: string | undefined) {
  // Written by hand: JSON.stringify escapes lone surrogates, which is how an attacker would send them too.
  const text = JSON.stringify(input) ?? '';
  const isQuery = procedure.type === 'query';
  const url = `${PUBLIC_URL}/trpc/${procedure.path}${isQuery ? `?input=${encodeURIComponent(text)}` : ''}`;
  const headers = {
    'content-type': 'application/json',
    'cf-connecting-ip': newAddress(),
    ...(token && { authorization: `Bearer ${token}` }),
  };
  return send(new Request(url, { method: isQuery ? 'GET' : 'POST', headers, body: isQuery ? undefined : text }));
}

describe.each(allProcedures())('$path', (procedure) => {
  it('never answers any input with a 500, a stack or an unnamed refusal', async () => {
    const { token } = await newPerson(owner);
    const credential = procedure.access?.subject === 'public' ? undefined : token;
    await fc.assert(
      fc.asyncProperty(mutations(sampleInput(procedure)), async (input) => {
        const response = await post(procedure, input, credential);
        const body = await response.text();
        expect(response.status, body).toBeLessThan(500);
        expect(body).not.toMatch(/"stack"|\.ts:\d+|select gatehouse/);
        if (!response.ok)
          expect(JSON.parse(body)).toMatchObject({
            error: { data: { appCode: expect.stringMatching(/^[a-z_]+\.[a-z_]+$/) } },
          });
      }),
      { numRuns: 60 },
    );
  });
});

describe('requests that are hardly any', () => {
  const requests: [name: string, path: string, init: RequestInit, status: number, code: string][] = [
    [
      'a body that is not JSON',
      '/trpc/auth.requestMagicLink',
      { method: 'POST', body: '{"email":' },
      400,
      'body.malformed',
    ],
    ['a body that is no object', '/trpc/auth.requestMagicLink', { method: 'POST', body: '[]' }, 400, 'input.invalid'],
    [
      'another content type',
      '/trpc/auth.requestMagicLink',
      { method: 'POST', body: '<a/>', headers: { 'content-type': 'text/xml' } },
      415,
      'content_type.unsupported',
    ],
    ['an unknown procedure', '/trpc/auth.nothing', {}, 404, 'route.not_found'],
    ['a prototype as a procedure', '/trpc/constructor', {}, 404, 'route.not_found'],
    ['an unknown address', '/nothing', {}, 404, 'route.not_found'],
    ['a mutation by GET', '/trpc/auth.requestMagicLink', {}, 405, 'method.not_allowed'],
    ['a query that is not JSON', '/trpc/auth.listLoginHistory?input=%7B', {}, 401, 'credential.missing'],
    [
      'a body of 300 KiB',
      '/trpc/auth.requestMagicLink',
      { method: 'POST', body: JSON.stringify({ email: 'a'.repeat(300_000) }) },
      413,
      'body.too_large',
    ],
    ['a batch of eleven', `/trpc/${Array(11).fill('auth.getSession').join(',')}?batch=1`, {}, 400, 'batch.too_large'],
    [
      'a batch of mutations',
      '/trpc/auth.signOut,auth.signOut?batch=1',
      { method: 'POST', body: '{}' },
      400,
      'batch.too_large',
    ],
    ['a path of nothing but slashes', '//', {}, 404, 'route.not_found'],
    ['a broken escape', '/trpc/%E0%A4%A', {}, 404, 'route.not_found'],
  ];
  it.each(requests)('%s is refused in words', async (_, path, init, status, code) => {
    const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
    const response = await send(new Request(`${PUBLIC_URL}${path}`, { ...init, headers }));
    const text = await response.text();
    expect(response.status, text).toBe(status);
    expect(text).toContain(`"${code}"`);
    expect(text).toMatch(/request_?id/i);
  });

  it('names the field that is wrong', async () => {
    const response = await send(
      new Request(`${PUBLIC_URL}/trpc/auth.requestMagicLink`, {
        method: 'POST',
        body: '{"email":"no address"}',
        headers: { 'content-type': 'application/json' },
      }),
    );
    const { error } = (await response.json()) as { error: { message: string; data: { fields: unknown } } };
    expect(error.message).toMatch(/^email: /);
    expect(error.data.fields).toEqual([{ path: 'email', message: expect.any(String) }]);
  });
});
