import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { VaultMessage } from '../../../src/domain/oauth/vault-message.ts';
import { runQueue } from '../../../src/jobs/refresh-queue.ts';
import { type OwnVault, startOwnVault } from '../../support/own-vault.ts';

const COUNT = 12;

let vault: OwnVault;
/** Whether the database goes away with each answer of the provider. */
let losesDatabase = false;

beforeAll(async () => {
  vault = await startOwnVault({
    extend: (provider) => {
      provider.use(async (ctx, next) => {
        await next();
        if (ctx.path === '/token' && losesDatabase) vault.database.refuse(true);
      });
    },
  });
}, 120_000);
afterAll(() => vault?.close());
beforeEach(async () => {
  vault.database.refuse(false);
  losesDatabase = false;
  vault.queue.length = 0;
  await vault.owner.query('delete from oauth_connections');
});

const rows = () =>
  vault.owner.query<{ status: string; version: string; leased: boolean }>(
    'select status, version, lease_id is not null as leased from oauth_connections',
  );
const commits = () => vault.queue.filter((message) => message.kind === 'commit');

/** Hands messages to the consumer, as the queue would. Answers how each ended. */
async function deliver(messages: readonly VaultMessage[]): Promise<string[]> {
  const outcomes: string[] = [];
  const batch = {
    messages: messages.map((body) => ({
      body,
      attempts: 1,
      ack: () => void outcomes.push('acknowledged'),
      retry: () => void outcomes.push('retried'),
    })),
  };
  const { bindings } = vault.context();
  await runQueue(batch as never, { ...vault.settings, ...bindings } as never);
  return outcomes;
}

/** The provider answers, and the database is gone by then. */
async function loseCommits(): Promise<void> {
  await vault.seed(COUNT);
  losesDatabase = true;
  await vault.sweep(vault.context()).catch(() => undefined);
}

it('what the provider answered goes to the queue, sealed, and is committed from there', async () => {
  await loseCommits();
  const messages = commits();
  expect(messages.length).toBeGreaterThan(0);
  for (const message of messages) {
    expect(message.kind === 'commit' && message.commit.tokens.accessToken).toMatch(/^gatehouse:1:/);
    expect(message.kind === 'commit' && message.commit.tokens.refreshToken).toMatch(/^gatehouse:1:/);
  }
  expect(await deliver(messages)).toEqual(messages.map(() => 'retried'));
  vault.database.refuse(false);
  losesDatabase = false;
  expect(await deliver(messages)).toEqual(messages.map(() => 'acknowledged'));
  // A message may come twice.
  expect(await deliver(messages)).toEqual(messages.map(() => 'acknowledged'));
  const stored = await rows();
  expect(stored.filter(({ version }) => version === '2')).toHaveLength(messages.length);
  expect(stored.every(({ status }) => status === 'active')).toBe(true);
});

it('nobody presents the spent token while its answer is on the way, however long the outage was', async () => {
  await loseCommits();
  const messages = commits();
  vault.database.refuse(false);
  losesDatabase = false;
  // The outage outlived every lease, and a sweep comes before the queue's message.
  await vault.letPass(30);
  await vault.sweep(vault.context());
  expect(await deliver(messages)).toEqual(messages.map(() => 'acknowledged'));
  await vault.letPass(30);
  await vault.sweep(vault.context());
  await vault.letPass(5);
  await vault.sweep(vault.context());
  const stored = await rows();
  expect(stored.map(({ status }) => status)).toEqual(stored.map(() => 'active'));
  expect(stored.every(({ version }) => Number(version) >= 2)).toBe(true);
  expect(vault.provider.grants.totals()).toMatchObject({ mostPerToken: 1 });
});
