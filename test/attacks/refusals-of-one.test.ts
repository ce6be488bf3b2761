/** What a provider answers for the grants of one owner pauses nobody else's, though all are of the deployment's client. */
import { afterEach, describe, expect, it } from 'vitest';
import { refreshBatch } from '../../src/domain/oauth/refresh-batch.ts';
import { change, getToken, issuer, newDue, vaultContext, vaultRow } from '../support/connections.ts';
import { addFault, type Fault } from '../support/fault-proxy.ts';
import { seedGrants } from '../support/oidc-provider.ts';
import { newPerson } from '../support/owner.ts';
import { seedConnections, type VaultSettings } from '../support/seed-vault.ts';
import { owner, workerEnv } from '../support/worker.ts';

const OURS = String(workerEnv.DEMO_CLIENT_ID);
const PAST = '2020-01-01T00:00:00Z';

/** Somebody whose token has run out, so that it must be refreshed now: with the deployment's client. */
async function victim() {
  const due = await newDue({ client_id: OURS });
  await change(due.id, { expires_at: PAST });
  return due;
}

const alerts = () =>
  owner.query("select payload from outbox where type = 'connector.misconfigured' and subject_id = 'demo'");

describe('a grant of the deployment’s client that its provider refuses', () => {
  // Should it stop others, then not the tests beside this one.
  afterEach(() => owner.query('delete from connector_breakers where client_id = $1', [OURS]));

  /** Connections of one new owner, whose refresh is answered so, whoever asks. */
  async function refused(count: number, fault: Fault) {
    const [person, grants] = [await newPerson(owner), await seedGrants(issuer, count)];
    const userIds = grants.map(() => person.userId);
    const ids = await seedConnections(owner, workerEnv as unknown as VaultSettings, { userIds, grants });
    for (const { subject } of grants) await addFault(issuer, { fault, when: { subject } });
    return { person, ids };
  }

  async function expectOthersServed() {
    const { person } = await victim();
    const breakers = await owner.query('select last_failure from connector_breakers where client_id = $1', [OURS]);
    expect(breakers).toEqual([]);
    expect(await getToken(person)).toMatchObject({ status: 200, data: { accessToken: expect.any(String) } });
  }

  it('for its tenant alone (unauthorized_client) stops nobody else, and is no alert', async () => {
    const fault = { kind: 'oauth_error', status: 400, error: 'unauthorized_client' } as const;
    const { person, ids } = await refused(1, fault);
    const [id = ''] = ids;
    await change(id, { expires_at: PAST });
    expect((await getToken(person)).code).toBe('connection.failing');
    expect(await vaultRow(id)).toMatchObject({
      status: 'active',
      failure_count: 1,
      last_failure: { class: 'transient', code: 'unauthorized_client' },
    });
    await expectOthersServed();
    expect(JSON.stringify(await alerts())).not.toContain('unauthorized_client');
  });

  const answers: [string, number, Fault][] = [
    ['as asking too often', 1, { kind: 'too_many', retryAfter: '1500' }],
    ['as asking too often', 4, { kind: 'too_many', retryAfter: '1500' }],
    ['for its scope', 8, { kind: 'oauth_error', status: 400, error: 'invalid_scope' }],
    ['for its tenant', 8, { kind: 'oauth_error', status: 400, error: 'unauthorized_client' }],
  ];
  it.each(answers)('%s, %i of one owner, stops nobody else', async (_, count, fault) => {
    const { ids } = await refused(count, fault);
    const rows = ids.map((id) => [id, 1] as const);
    expect(await refreshBatch(vaultContext().ctx, rows)).toMatchObject({ failed: count, released: 0 });
    await expectOthersServed();
    // Each waits by itself, as long as it was told.
    for (const id of ids) {
      const row = await vaultRow(id);
      expect(row).toMatchObject({ status: 'active', failure_count: 1, lease_id: null });
      const wait = (Date.parse(String(row?.next_refresh_at)) - Date.now()) / 1000;
      expect(wait).toBeGreaterThan(fault.kind === 'too_many' ? 1480 : 15);
    }
  });
});
