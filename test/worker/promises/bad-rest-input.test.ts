import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snakeCase } from '../../../src/lib/case.ts';
import { mutations } from '../../support/hostile-input.ts';
import { newPerson } from '../../support/owner.ts';
import { allProcedures, type ProcedureInfo } from '../../support/procedures.ts';
import { sampleInput } from '../../support/sample-input.ts';
import { newAddress, owner, PUBLIC_URL, send } from '../../support/worker.ts';

/** A text that an address can carry: lone surrogates cannot be encoded, by anybody. */
const inAddress = (value: unknown) => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return encodeURIComponent(text.toWellFormed().slice(0, 1000));
};

/** The request that carries the input as REST does: in the path, the query or the body, names in snake_case. */
function restRequest({ meta }: ProcedureInfo, input: unknown, token: string | undefined): Request {
  const { method = 'GET', path = '/' } = meta.openapi ?? {};
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const fields = isObject ? Object.entries(input).map(([name, value]) => [snakeCase(name), value] as const) : [];
  const inPath = new Set<string>();
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(snakeCase(name));
    return inAddress(fields.find(([field]) => field === snakeCase(name))?.[1] ?? 'x') || 'x';
  });
  const rest = fields.filter(([name]) => !inPath.has(name));
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const query = hasBody ? '' : `?${rest.map(([name, value]) => `${inAddress(name)}=${inAddress(value)}`).join('&')}`;
  return new Request(`${PUBLIC_URL}/v1${address}${query}`, {
    method,
    headers: {
      'content-type': 'application/json',
      'cf-connecting-ip': newAddress(),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: hasBody ? JSON.stringify(isObject ? Object.fromEntries(rest) : input) : undefined,
  });
}

describe.each(allProcedures())('REST $path', (procedure) => {
  it('never answers any input with a 500, a stack or an unnamed refusal', async () => {
    const { token } = await newPerson(owner);
    const credential = procedure.access?.subject === 'public' ? undefined : token;
    await fc.assert(
      fc.asyncProperty(mutations(sampleInput(procedure)), async (input) => {
        const response = await send(restRequest(procedure, input, credential));
        const body = await response.text();
        expect(response.status, body).toBeLessThan(500);
        expect(body).not.toMatch(/"stack"|\.ts:\d+|select gatehouse/);
        if (!response.ok)
          expect(JSON.parse(body)).toMatchObject({ error: { code: expect.stringMatching(/^[a-z_]+\.[a-z_]+$/) } });
      }),
      { numRuns: 40 },
    );
  });
});
