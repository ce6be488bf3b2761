import { neonConfig } from '@neondatabase/serverless';
import { describe, expect, it } from 'vitest';
import { newApiToken } from '../../../src/lib/api-token.ts';
import { randomSecret } from '../../../src/lib/secrets.ts';
import { allProcedures, checksPasskeyFirst } from '../../support/procedures.ts';
import { sampleInput } from '../../support/sample-input.ts';
import { call } from '../../support/worker.ts';

const guarded = allProcedures().filter(({ access }) => access?.subject !== 'public');

describe.each(guarded)('$path without a live credential', (procedure) => {
  const method = procedure.type === 'query' ? 'GET' : 'POST';

  it('answers 401 when there is none', async () => {
    const outcome = await call(procedure.path, sampleInput(procedure), { method });
    expect([outcome.status, outcome.code]).toEqual([401, 'credential.missing']);
    expect(outcome.error?.data['code']).toBe('UNAUTHORIZED');
  });

  it('answers 401 when there is none, before it looks at the input', async () => {
    const outcome = await call(procedure.path, { organizationId: 7, nonsense: true }, { method });
    expect(outcome.status).toBe(401);
  });

  it.each([`gts_${randomSecret()}`, newApiToken()])('answers 401 to one it never gave out: %s', async (token) => {
    const outcome = await call(procedure.path, sampleInput(procedure), { method, token });
    const refused = checksPasskeyFirst.includes(procedure.path)
      ? [400, 'passkey.malformed']
      : [401, 'credential.invalid'];
    expect([outcome.status, outcome.code]).toEqual(refused);
  });

  it('answers 401 to one that is not of its making', async () => {
    const headers = { authorization: 'Bearer ../../etc/passwd%00' };
    const outcome = await call(procedure.path, sampleInput(procedure), { method, headers });
    expect([outcome.status, outcome.code]).toEqual([401, 'credential.malformed']);
  });
});

it('an API token with a wrong checksum is refused before the database is asked', async () => {
  const token = newApiToken();
  const mistyped = token.slice(0, 20) + (token[20] === 'x' ? 'y' : 'x') + token.slice(21);
  const outcomes = [];
  for (const secret of [token, mistyped]) {
    const { fetchFunction } = neonConfig;
    let trips = 0;
    neonConfig.fetchFunction = (...request: unknown[]) => {
      trips += 1;
      return fetchFunction(...request);
    };
    const { code } = await call('auth.getSession', undefined, { token: secret }).finally(
      () => void (neonConfig.fetchFunction = fetchFunction),
    );
    outcomes.push([code, trips]);
  }
  expect(outcomes).toEqual([
    ['credential.invalid', 1],
    ['credential.malformed', 0],
  ]);
});
