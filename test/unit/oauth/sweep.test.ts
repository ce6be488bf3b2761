import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { enqueueDueConnections } from '../../../src/jobs/enqueue-due-connections.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

let vault: EmbeddedVault;
beforeAll(async () => {
  vault = await startEmbeddedVault();
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

const rowsSent = () => vault.sent.flatMap((message) => (message.kind === 'refresh' ? message.rows : []));

it('the sweep hands what is due to the queue, each connection once, fifty a message at most', async () => {
  const ids = await vault.seed(120);
  expect(await enqueueDueConnections(vault.context())).toEqual({ connections: 120, messages: 3 });
  expect(vault.sent.map((message) => (message.kind === 'refresh' ? message.rows.length : 0))).toEqual([50, 50, 20]);
  expect(
    rowsSent()
      .map(([id]) => id)
      .toSorted(),
  ).toEqual(ids.toSorted());
  expect(new Set(rowsSent().map(([, version]) => version))).toEqual(new Set([1]));
});

it('the sweep takes the most overdue first', async () => {
  const ids = await vault.seed(3);
  const back = 'update oauth_connections set next_refresh_at = now() - make_interval(mins => $2) where id = $1';
  for (const [minutes, id] of ids.entries()) await vault.owner.query(back, [id, minutes + 1]);
  const claim = 'select gatehouse.claim_due(1)->0->>0 as id';
  for (const id of ids.toReversed()) expect(await vault.owner.query(claim)).toEqual([{ id }]);
});

it('what was claimed is not claimed again for three minutes, and then it is: a lost message costs time alone', async () => {
  await vault.seed(10);
  await enqueueDueConnections(vault.context());
  expect(await enqueueDueConnections(vault.context())).toEqual({ connections: 0, messages: 0 });
  await vault.owner.query("update oauth_connections set next_refresh_at = next_refresh_at - interval '181 seconds'");
  expect(await enqueueDueConnections(vault.context())).toEqual({ connections: 10, messages: 1 });
});

it('sweeps at the same time share the work and take nothing twice', async () => {
  await vault.seed(250);
  await Promise.all([enqueueDueConnections(vault.context()), enqueueDueConnections(vault.context())]);
  const ids = rowsSent().map(([id]) => id);
  expect(ids).toHaveLength(250);
  expect(new Set(ids).size).toBe(250);
});

it('what is not due, or waits for a person, is left alone', async () => {
  const [later, ended, , due] = await vault.seed(4);
  await vault.owner.query("update oauth_connections set next_refresh_at = now() + interval '1 minute' where id = $1", [
    later,
  ]);
  await vault.owner.query("update oauth_connections set status = 'revoked', next_refresh_at = null where id = $1", [
    ended,
  ]);
  await enqueueDueConnections(vault.context());
  expect(rowsSent().map(([id]) => id)).toContain(due);
  expect(rowsSent()).toHaveLength(2);
});

it('a sweep and what it hands on refresh everything once', async () => {
  await vault.seed(60);
  const ctx = vault.context();
  await enqueueDueConnections(ctx);
  for (const message of vault.sent) if (message.kind === 'refresh') await refreshBatch(ctx, message.rows);
  const counted = 'select version, count(*) from oauth_connections group by version';
  expect(await vault.owner.query(counted)).toEqual([{ version: '2', count: '60' }]);
  expect(await enqueueDueConnections(ctx)).toEqual({ connections: 0, messages: 0 });
});
