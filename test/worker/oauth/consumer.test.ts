import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { RefreshMessage, VaultMessage } from '../../../src/domain/oauth/vault-message.ts';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { newId } from '../../../src/lib/ids.ts';
import worker from '../../../src/worker.ts';
import {
  change,
  issuer,
  newDue,
  outboxOf,
  unsealed,
  vaultContext,
  vaultRow,
  withoutDatabase,
} from '../../support/connections.ts';
import { addFault } from '../../support/fault-proxy.ts';
import { redemptionsOf, revokeGrant } from '../../support/oidc-provider.ts';
import { workerEnv } from '../../support/worker.ts';

/** Hands messages to the consumer as the queue does. */
async function consume(bodies: readonly VaultMessage[]) {
  const messages = bodies.map((body) => ({ id: newId(), timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch<VaultMessage>('gatehouse-refresh', messages);
  await worker.queue(batch, workerEnv);
  return getQueueResult(batch, createExecutionContext());
}

const refreshOf = (...ids: string[]): RefreshMessage => ({ kind: 'refresh', rows: ids.map((id) => [id, 1]) });
const version = async (id: string) => (await vaultRow(id))?.version;

describe('the consumer of the queue', () => {
  it('refreshes each connection once, and acknowledges', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => newDue()));
    const result = await consume([refreshOf(...all.map(({ id }) => id))]);
    expect(result.explicitAcks).toHaveLength(1);
    for (const { id, grant } of all) {
      expect(await vaultRow(id)).toMatchObject({ version: '2', lease_id: null, failure_count: 0, last_used_at: null });
      expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    }
  });

  it('makes nothing of a message that comes twice, or of a connection that is gone', async () => {
    const { id, grant } = await newDue();
    const message = refreshOf(id, newId());
    for (let again = 0; again < 2; again += 1) expect((await consume([message])).explicitAcks).toHaveLength(1);
    expect(await version(id)).toBe('2');
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('leaves a connection to whoever is refreshing it', async () => {
    const { id } = await newDue();
    const lease = newId();
    await change(id, { lease_id: lease, lease_until: new Date(Date.now() + 20_000).toISOString() });
    const counts = await refreshBatch(vaultContext().ctx, refreshOf(id).rows);
    expect(counts).toMatchObject({ refreshed: 0, skipped: 1 });
    expect(await vaultRow(id)).toMatchObject({ version: '1', lease_id: lease });
  });

  it('ends what the provider ended, one connection by itself', async () => {
    const [dead, alive] = [await newDue(), await newDue()];
    await revokeGrant(issuer, dead.grant.grantId);
    const counts = await refreshBatch(vaultContext().ctx, refreshOf(dead.id, alive.id).rows);
    expect(counts).toEqual({ refreshed: 1, failed: 0, ended: 1, released: 0, skipped: 0 });
    expect(await vaultRow(dead.id)).toMatchObject({ status: 'revoked' });
    expect((await outboxOf(dead.id)).map(({ type }) => type)).toEqual(['connection.needs_reauthorization']);
    expect(await vaultRow(alive.id)).toMatchObject({ status: 'active', version: '2' });
  });

  it('ends what has run out and cannot be refreshed, at its end and no sooner', async () => {
    const past = new Date(Date.now() - 1000).toISOString();
    const ended = await newDue({ refresh_token: null, expires_at: past });
    const good = await newDue({ refresh_expires_at: past });
    const { ctx } = vaultContext();
    await refreshBatch(ctx, refreshOf(ended.id, good.id).rows);
    expect(await vaultRow(ended.id)).toMatchObject({ status: 'expired', last_failure: { code: 'no_refresh_token' } });
    const row = await vaultRow(good.id);
    expect(row).toMatchObject({ status: 'active', lease_id: null, next_refresh_at: row?.expires_at });
    await change(good.id, { expires_at: past });
    await refreshBatch(ctx, refreshOf(good.id).rows);
    expect(await vaultRow(good.id)).toMatchObject({ status: 'expired', next_refresh_at: null });
  });

  it('keeps the evidence of a failure, and tries again later', async () => {
    const { id, grant } = await newDue();
    await addFault(issuer, { fault: { kind: 'status', status: 502 }, times: 1, when: { subject: grant.subject } });
    expect(await refreshBatch(vaultContext().ctx, refreshOf(id).rows)).toMatchObject({ failed: 1 });
    const row = await vaultRow(id);
    expect(row).toMatchObject({ status: 'active', failure_count: 1, last_failure: { code: 'http_502' } });
    expect(Date.parse(String(row?.next_refresh_at))).toBeGreaterThan(Date.now() + 20_000);
    await refreshBatch(vaultContext().ctx, refreshOf(id).rows);
    expect(await vaultRow(id)).toMatchObject({ version: '2', failure_count: 0 });
  });

  it('acknowledges a batch that it could not lease: the rows come back by themselves', async () => {
    const { id } = await newDue();
    const result = await withoutDatabase(() => consume([refreshOf(id)]));
    expect(result).toMatchObject({ retryMessages: [], explicitAcks: [expect.any(String)] });
    expect(await version(id)).toBe('1');
  });

  it('is reached by the queue itself', async () => {
    const { id, grant } = await newDue();
    await workerEnv.REFRESH_QUEUE.send(refreshOf(id));
    for (let wait = 0; wait < 100 && (await version(id)) === '1'; wait += 1) {
      await new Promise((done) => setTimeout(done, 100));
    }
    expect(await version(id)).toBe('2');
    expect(await unsealed(id, 'refresh_token')).not.toBe(grant.refreshToken);
  });

  it('lets one connection that breaks break no other', async () => {
    const [broken, good] = [await newDue(), await newDue()];
    // Parameters that the connector does not take: no request can be made of them.
    await change(broken.id, { parameters: '{"shop": "x.example"}' });
    const { ctx, logs } = vaultContext();
    expect(await refreshBatch(ctx, refreshOf(broken.id, good.id).rows)).toMatchObject({ refreshed: 1, failed: 1 });
    expect(await version(good.id)).toBe('2');
    expect(await vaultRow(broken.id)).toMatchObject({ status: 'active', version: '1', failure_count: 0 });
    // Nor does it stand for the client of all others.
    expect(logs).toEqual([]);
  });
});
