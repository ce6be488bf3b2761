import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { firstValue, plain } from '../../../src/db/statement.ts';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { refreshLeased } from '../../../src/domain/oauth/refresh.ts';
import type { CommitMessage, VaultMessage } from '../../../src/domain/oauth/vault-message.ts';
import type { SealedConnection } from '../../../src/domain/oauth/vault.ts';
import { newId } from '../../../src/lib/ids.ts';
import worker from '../../../src/worker.ts';
import {
  change,
  getToken,
  isTaken,
  issuer,
  losingAnswers,
  newDue,
  unsealed,
  vaultContext,
  vaultRow,
  withoutDatabase,
} from '../../support/connections.ts';
import { addFault } from '../../support/fault-proxy.ts';
import { redemptionsOf } from '../../support/oidc-provider.ts';
import { call, owner, workerEnv } from '../../support/worker.ts';

/** A refresh whose tokens never reached the database: what was sent to the queue instead. */
async function newLost() {
  const made = await newDue();
  const leaseId = newId();
  const lease = { id: leaseId, seconds: 60, singleUse: ['demo'] };
  const [rows] = await vaultContext().ctx.systemGate(() => [
    plain('select gatehouse.lease_connections($1::jsonb, $2::jsonb) as leased', [
      JSON.stringify([[made.id, 1]]),
      JSON.stringify(lease),
    ]),
  ]);
  const [leased] = firstValue<{ connection: SealedConnection }[]>(rows, 'leased');
  if (!leased) throw new Error('It was not leased.');
  const { ctx, sent, logs } = vaultContext();
  const refreshed = await withoutDatabase(() => refreshLeased(ctx, leased, leaseId));
  return { ...made, leaseId, refreshed, sent, logs };
}

async function deliver(body: VaultMessage, given: { attempts?: number; settings?: object; at?: Date } = {}) {
  const message = { id: newId(), timestamp: given.at ?? new Date(), attempts: given.attempts ?? 1, body };
  const batch = createMessageBatch<VaultMessage>('gatehouse-refresh', [message]);
  await worker.queue(batch, { ...workerEnv, ...given.settings });
  return getQueueResult(batch, createExecutionContext());
}

const commitOf = (sent: readonly VaultMessage[]): CommitMessage => {
  const [message] = sent;
  if (message?.kind !== 'commit') throw new Error('No commit was queued.');
  return message;
};

/** Grants of a connection that are to be revoked, or were by now: another test's job may have come by. */
async function givenUp(connectionId: string): Promise<number> {
  const [row] = await owner.query<{ count: string }>(
    `select (select count(*) from grant_revocations where connection_id = $1) + (select count(*)
       from connection_events where connection_id = $1 and event = 'grant_revoked') as count`,
    [connectionId],
  );
  return Number(row?.count);
}

describe('new tokens that cannot reach the database', () => {
  it('go to the queue, sealed, and are used meanwhile', async () => {
    const { id, refreshed, sent, logs, grant } = await newLost();
    expect(refreshed).toMatchObject({ kind: 'queued', tokens: { accessToken: expect.any(String) } });
    const text = JSON.stringify(commitOf(sent));
    const tokens = refreshed.kind === 'queued' ? refreshed.tokens : null;
    for (const secret of [tokens?.accessToken, tokens?.refreshToken, grant.refreshToken]) {
      expect(secret).toBeTruthy();
      expect(text + JSON.stringify(logs)).not.toContain(secret);
    }
    expect(logs).toMatchObject([{ event: 'connection.commit_queued', code: 'service.unavailable' }]);
    expect(await vaultRow(id)).toMatchObject({ version: '1' });
  });

  it('are stored from there, once, however often the message comes', async () => {
    const { id, sent, person, refreshed } = await newLost();
    for (let again = 0; again < 2; again += 1) {
      expect((await deliver(commitOf(sent))).explicitAcks).toHaveLength(1);
    }
    expect(await vaultRow(id)).toMatchObject({ version: '2', lease_id: null, status: 'active' });
    const { data } = await getToken(person);
    expect(refreshed).toMatchObject({ tokens: { accessToken: data.accessToken } });
    expect(await isTaken(data.accessToken)).toBe(true);
    await change(id, { expires_at: new Date(0).toISOString() });
    // The chain of refresh tokens goes on.
    expect((await getToken(person)).data.status).toBe('active');
    expect(await vaultRow(id)).toMatchObject({ version: '3' });
  });

  it('live from the provider’s answer on, not from their arrival', async () => {
    const { id, sent } = await newLost();
    const message = { ...commitOf(sent), answeredAt: Date.now() - 1_000_000 };
    await deliver(message);
    const [row] = await owner.query<{ left: number }>(
      'select extract(epoch from expires_at - now())::float8 as left from oauth_connections where id = $1',
      [id],
    );
    expect(row?.left).toBeGreaterThan(2_580);
    expect(row?.left).toBeLessThanOrEqual(2_600);
  });

  it('are tried again while the database is away, and sent anew before the queue gives up', async () => {
    const { id, sent } = await newLost();
    const away = await withoutDatabase(() => deliver(commitOf(sent)));
    expect(away).toMatchObject({ explicitAcks: [], retryMessages: [{ msgId: expect.any(String) }] });
    const anew: VaultMessage[] = [];
    const REFRESH_QUEUE = { send: async (body: VaultMessage) => void anew.push(body) };
    const again = () => deliver(commitOf(sent), { attempts: 90, settings: { REFRESH_QUEUE } });
    const last = await withoutDatabase(again);
    expect(last).toMatchObject({ explicitAcks: [expect.any(String)], retryMessages: [] });
    expect(anew).toEqual([commitOf(sent)]);
    await deliver(commitOf(anew));
    expect(await vaultRow(id)).toMatchObject({ version: '2' });
  });

  it('give way to newer ones', async () => {
    const { id, sent } = await newLost();
    await change(id, { version: 7 });
    const before = await vaultRow(id);
    expect((await deliver(commitOf(sent))).explicitAcks).toHaveLength(1);
    expect(await vaultRow(id)).toEqual(before);
  });

  it('of a connection that is gone are revoked, and never handed out', async () => {
    const { id, sent, person } = await newLost();
    await call('oauth.connections.disconnect', { userId: person.userId, connectionId: id }, { token: person.token });
    await deliver(commitOf(sent));
    expect(await givenUp(id)).toBe(2);
    expect(await vaultRow(id)).toBeUndefined();
  });
});

describe('while the answer is on its way through the queue', () => {
  it('nobody redeems the old refresh token, though the lease has run out', async () => {
    const { id, sent, person } = await newLost();
    await change(id, { lease_until: new Date(Date.now() - 1000).toISOString() });
    const waiting = getToken(person);
    await new Promise((done) => setTimeout(done, 700));
    expect(await vaultRow(id)).toMatchObject({ lease_doubtful: true, version: '1' });
    await deliver(commitOf(sent));
    expect((await waiting).data.status).toBe('active');
    expect(await vaultRow(id)).toMatchObject({ lease_doubtful: false, version: '2', failure_count: 0 });
    expect(await unsealed(id, 'refresh_token')).toBeTruthy();
  });
});

describe('an answer of the database that is lost', () => {
  it.each(['that gave the lease', 'that took the tokens'])('(%s) costs no refresh and doubles none', async (which) => {
    const { id, grant, person } = await newDue();
    const nth = which === 'that gave the lease' ? 1 : 2;
    const { data } = await losingAnswers([nth], () => getToken(person));
    expect(data.status).toBe('active');
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    expect(await vaultRow(id)).toMatchObject({ version: '2', lease_id: null });
  });

  it('after which a batch was leased leases it all the same', async () => {
    const { id, grant } = await newDue();
    const counts = await losingAnswers([1], () => refreshBatch(vaultContext().ctx, [[id, 1]]));
    expect(counts).toMatchObject({ refreshed: 1, skipped: 0 });
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('and lost again breaks off no other refresh of the batch', async () => {
    const [bad, good] = [await newDue(), await newDue()];
    await addFault(issuer, { fault: { kind: 'status', status: 503 }, when: { subject: bad.grant.subject } });
    await addFault(issuer, { fault: { kind: 'delay', ms: 500 }, times: 1, when: { subject: good.grant.subject } });
    const { ctx, logs } = vaultContext();
    const rows = [
      [bad.id, 1],
      [good.id, 1],
    ] as const;
    // The second and third: what is written of the one that failed, sent twice.
    expect(await losingAnswers([2, 3], () => refreshBatch(ctx, rows))).toMatchObject({ refreshed: 1, failed: 1 });
    expect(logs).toMatchObject([{ event: 'connection.refresh_broken', code: 'service.unavailable' }]);
    expect(await vaultRow(good.id)).toMatchObject({ version: '2', lease_id: null });
  });
});

describe('a connection that goes while its refresh is under way', () => {
  it('gives its new token to nobody: it is to be revoked as well', async () => {
    const { id, grant, person } = await newDue();
    await addFault(issuer, { fault: { kind: 'delay', ms: 800 }, times: 1, when: { subject: grant.subject } });
    const answer = getToken(person);
    await new Promise((done) => setTimeout(done, 300));
    const input = { userId: person.userId, connectionId: id };
    expect((await call('oauth.connections.disconnect', input, { token: person.token })).status).toBe(200);
    expect((await answer).data).toEqual({ status: 'not_connected' });
    expect(await givenUp(id)).toBe(2);
  });
});
