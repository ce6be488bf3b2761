import { describe, expect, it } from 'vitest';
import { randomSecret } from '../../../src/lib/secrets.ts';
import { allProcedures } from '../../support/procedures.ts';
import { sampleInput } from '../../support/sample-input.ts';
import { call } from '../../support/worker.ts';

const guarded = allProcedures().filter(({ access }) => access?.subject !== 'public');

describe.each(guarded)('$path without a live credential', (procedure) => {
  const method = procedure.type === 'query' ? 'GET' : 'POST';
  const input = sampleInput(procedure);

  it('answers 401 when there is none', async () => {
    const outcome = await call(procedure.path, input, { method });
    expect([outcome.status, outcome.code]).toEqual([401, 'credential.missing']);
  });

  it('answers 401 when there is none, before it looks at the input', async () => {
    const outcome = await call(procedure.path, { organizationId: 7, nonsense: true }, { method });
    expect(outcome.status).toBe(401);
  });

  it.each([`gts_${randomSecret()}`, `gtk_${'a'.repeat(36)}`])(
    'answers 401 to one it never gave out: %s',
    async (token) => {
      const outcome = await call(procedure.path, input, { method, token });
      expect([outcome.status, outcome.code]).toEqual([401, 'credential.invalid']);
    },
  );

  it('answers 401 to one that is not of its making', async () => {
    const headers = { authorization: 'Bearer ../../etc/passwd%00' };
    const outcome = await call(procedure.path, input, { method, headers });
    expect([outcome.status, outcome.code]).toEqual([401, 'credential.malformed']);
  });
});
