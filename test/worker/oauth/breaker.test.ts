import { beforeEach, describe, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import type { RefreshMessage } from '../../../src/domain/oauth/vault-message.ts';
import { change, getToken, issuer, newDue, vaultContext, vaultRow } from '../../support/connections.ts';
import { addFault } from '../../support/fault-proxy.ts';
import { redemptionsOf } from '../../support/oidc-provider.ts';
import { call, owner } from '../../support/worker.ts';

/** Of the deployment's client by default: other tests name theirs, so a breaker of these stops nobody else. */
const newOfNobody = () => newDue({ client_id: null });
const WRONG = { DEMO_CLIENT_SECRET: 'wrong' };
const clientId = '';

const breaker = async () => {
  const [row] = await owner.query(
    "select open_until > now() as open, trips, last_failure from connector_breakers where connector_id = 'demo' and client_id = $1",
    [clientId],
  );
  return row;
};
const alerts = () =>
  owner.query("select payload from outbox where type = 'connector.misconfigured' and subject_id = 'demo'");

const batchOf = (all: readonly { id: string }[], version = 1): RefreshMessage['rows'] =>
  all.map(({ id }) => [id, version]);

/** As if the pause were over. */
const waitForIt = () =>
  owner.query("update connector_breakers set open_until = now() - interval '1 second' where client_id = $1", [
    clientId,
  ]);

/** What a failure could have changed in a row. */
async function verdict(id: string) {
  const row = await vaultRow(id);
  const { status, version, failure_count, failing_since, last_failure, lease_id, access_token } = row ?? {};
  return { status, version, failure_count, failing_since, last_failure, lease_id, access_token };
}

beforeEach(async () => {
  await owner.query('delete from connector_breakers where client_id = $1', [clientId]);
});

describe('a wrong client secret', () => {
  it('touches no connection, is one alert, and recovers by itself once it is right', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, newOfNobody));
    const before = await Promise.all(all.map(({ id }) => verdict(id)));
    const known = (await alerts()).length;
    const { ctx, logs } = vaultContext(WRONG);
    const counts = await refreshBatch(ctx, batchOf(all));
    expect(counts).toMatchObject({ refreshed: 0, ended: 0, skipped: 0 });
    // Six are on their way when the first refusal comes.
    expect(counts.failed).toBeLessThanOrEqual(6);
    expect(counts.failed + counts.released).toBe(12);
    expect(await Promise.all(all.map(({ id }) => verdict(id)))).toEqual(before);
    expect(await alerts()).toHaveLength(known + 1);
    const alerted = () => logs.filter(({ event }) => event === 'connector.misconfigured');
    expect(alerted()).toMatchObject([{ level: 'error', detail: 'demo invalid_client' }]);
    expect(await breaker()).toMatchObject({ open: true, trips: '1', last_failure: { class: 'configuration' } });

    // While it is open nobody is asked; when it is over, one look is enough, and no second alert.
    expect(await refreshBatch(ctx, batchOf(all))).toMatchObject({ refreshed: 0, failed: 0, skipped: 12 });
    await waitForIt();
    await refreshBatch(ctx, batchOf(all));
    expect(await breaker()).toMatchObject({ open: true, trips: '2' });
    expect(await alerts()).toHaveLength(known + 1);
    expect(alerted()).toHaveLength(1);
    expect(await Promise.all(all.map(({ id }) => verdict(id)))).toEqual(before);

    await waitForIt();
    expect(await refreshBatch(vaultContext().ctx, batchOf(all))).toMatchObject({ refreshed: 12 });
    expect(await breaker()).toBeUndefined();
    for (const { id, grant } of all) {
      expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '2' });
      expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1 });
    }
  });

  it('keeps no good token from anybody, and says whose matter it is when there is none', async () => {
    const good = await newOfNobody();
    expect((await getToken(good.person, {}, WRONG)).data.accessToken).toBe(good.grant.accessToken);
    const bad = await newOfNobody();
    await owner.query('delete from connector_breakers where client_id = $1', [clientId]);
    const before = await verdict(bad.id);
    await change(bad.id, { expires_at: new Date(0).toISOString() });
    expect((await getToken(bad.person, {}, WRONG)).code).toBe('connector.misconfigured');
    expect((await getToken(bad.person, {}, WRONG)).code).toBe('connection.failing');
    expect(await verdict(bad.id)).toEqual(before);
    const input = { userId: bad.person.userId, connectionId: bad.id };
    const explained = await call('oauth.connections.explain', input, { token: bad.person.token, method: 'GET' });
    expect(explained.data).toMatchObject({
      health: 'paused',
      paused: { class: 'configuration', code: 'invalid_client', openUntil: expect.any(String) },
      connection: { status: 'active', failingSince: null },
    });
  });

  it('is not looked for in connections of a client that the deployment no longer has', async () => {
    const { id, grant } = await newDue({ client_id: `old-${Date.now()}` });
    const { ctx, logs } = vaultContext();
    await refreshBatch(ctx, batchOf([{ id }]));
    expect(logs).toMatchObject([{ event: 'connector.misconfigured', detail: 'demo client_changed' }]);
    expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '1', failure_count: 0 });
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 0, failed: 0 });
  });
});

describe('a provider that is down', () => {
  it('is left alone when the grants of five owners fail in a row; the rest of the batch goes back unharmed', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, newOfNobody));
    const faults = await Promise.all(
      all.map(({ grant }) =>
        addFault(issuer, { fault: { kind: 'status', status: 503 }, when: { subject: grant.subject } }),
      ),
    );
    const { ctx, logs } = vaultContext();
    const counts = await refreshBatch(ctx, batchOf(all));
    expect(counts.failed).toBeGreaterThanOrEqual(5);
    expect(counts.failed).toBeLessThanOrEqual(11);
    expect(counts.released).toBe(20 - counts.failed);
    expect(logs.map(({ event, level }) => [event, level])).toEqual([['connector.unreachable', 'warn']]);
    const rows = await Promise.all(all.map(({ id }) => vaultRow(id)));
    expect(new Set(rows.map((row) => row?.status))).toEqual(new Set(['active']));
    expect(rows.filter((row) => row?.failure_count === 1)).toHaveLength(counts.failed);
    for (const row of rows) {
      expect(row?.lease_id).toBeNull();
      expect(Date.parse(String(row?.next_refresh_at))).toBeGreaterThan(Date.now() + 20_000);
    }
    for (const { remove } of faults) await remove();
    await waitForIt();
    expect(await refreshBatch(ctx, batchOf(all))).toMatchObject({ refreshed: 20 });
    expect(await breaker()).toBeUndefined();
  });

  it.each([
    ['for as long as it asks', '600', 600],
    ['for half an hour at most, also the first time', '86400', 1800],
  ])('is left alone %s, when it tells two owners that we ask too often', async (_, retryAfter, seconds) => {
    const all = await Promise.all([newOfNobody(), newOfNobody()]);
    for (const { grant } of all) {
      const fault = { kind: 'too_many', retryAfter } as const;
      await addFault(issuer, { fault, when: { subject: grant.subject } });
    }
    await refreshBatch(vaultContext().ctx, batchOf(all));
    const [row] = await owner.query<{ seconds: number }>(
      'select extract(epoch from open_until - now())::float8 as seconds from connector_breakers where client_id = $1',
      [clientId],
    );
    expect(row?.seconds).toBeGreaterThan(seconds - 10);
    expect(row?.seconds).toBeLessThanOrEqual(seconds);
  });

  it('does not stand for single grants that it ended, nor for one failure among successes', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, newOfNobody));
    await addFault(issuer, {
      fault: { kind: 'status', status: 503 },
      when: { subject: all[0]?.grant.subject },
    });
    const { ctx } = vaultContext();
    expect(await refreshBatch(ctx, batchOf(all))).toMatchObject({ refreshed: 5, failed: 1, released: 0 });
    expect(await breaker()).toBeUndefined();
  });
});
