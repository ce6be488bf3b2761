import { neonConfig } from '@neondatabase/serverless';
import { describe, expect, it } from 'vitest';
import { newOrganization, insert, newPerson } from '../../support/owner.ts';
import { allProcedures, checksPasskeyFirst } from '../../support/procedures.ts';
import { sampleInput } from '../../support/sample-input.ts';
import { call, owner } from '../../support/worker.ts';

/** Calls that may make more trips than their kind, each with its reason. */
const exceptions: Record<string, number> = {
  // A ceremony: the passkey's public key is read before its signature can be checked. By mail it is one.
  'auth.stepUp': 2,
};

/** Counts the requests that reach the database while `run` runs: through the driver's own seam for `fetch`. */
async function countTrips(run: () => Promise<unknown>): Promise<number> {
  const original = neonConfig.fetchFunction as typeof fetch;
  let trips = 0;
  neonConfig.fetchFunction = (...request: Parameters<typeof fetch>) => {
    trips += 1;
    return original(...request);
  };
  await run().finally(() => void (neonConfig.fetchFunction = original));
  return trips;
}

describe.each(allProcedures())('$path', (procedure) => {
  const { path, access, type } = procedure;
  const budget = exceptions[path] ?? (access?.subject === 'public' ? 2 : 1);

  it(`makes at most ${budget} database trip(s), and at least one`, async () => {
    // An administrator, so that the calls of the platform are counted to their end as well.
    const person = await newPerson(owner, { user: { platform_role: 'admin' } });
    const organizationId = await newOrganization(owner);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: person.userId, role: 'owner' });
    const input = sampleInput(procedure, { userId: person.userId, organizationId });
    const token = access?.subject === 'public' ? undefined : person.token;
    let status = 0;
    const trips = await countTrips(async () => {
      ({ status } = await call(path, input, { token, method: type === 'query' ? 'GET' : 'POST' }));
    });
    expect(status).not.toBe(401);
    expect(status).not.toBe(500);
    // A public call may refuse by its input alone (a code without the browser that asked).
    if (access?.subject !== 'public' && !checksPasskeyFirst.includes(path)) expect(trips).toBeGreaterThanOrEqual(1);
    expect(trips).toBeLessThanOrEqual(budget);
  });
});

it('a refused credential costs one trip as well', async () => {
  const { token, sessionId } = await newPerson(owner);
  await owner.query('update user_sessions set revoked_at = now() where id = $1', [sessionId]);
  expect(await countTrips(() => call('auth.getSession', undefined, { token }))).toBe(1);
});
