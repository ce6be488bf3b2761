import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectorSettings, type SeededGrant } from '../../../../scripts/support/oidc-provider.ts';
import { startTestProvider, type TestProvider } from '../../../support/oidc-provider/start.ts';
import { type OwnVault, startOwnVault } from '../../../support/own-vault.ts';
import { seedConnections } from '../../../support/seed-vault.ts';
import { type ServerWorker, startServerWorker, type WorkerProcess } from '../../../support/server-worker.ts';

const EVERY_MINUTE = '* * * * *';

let vault: OwnVault;
let provider: TestProvider;
let server: ServerWorker;
let [one, other]: WorkerProcess[] = [];

beforeAll(async () => {
  // A database of its own: a sweep takes every row that is due.
  vault = await startOwnVault();
  provider = await startTestProvider('http://localhost:8787');
  const settings = { ...vault.settings, ...connectorSettings(provider) };
  server = await startServerWorker({ processes: 2, settings });
  [one, other] = server.processes;
}, 120_000);
afterAll(async () => {
  await server?.close();
  await provider?.close();
  await vault?.close();
});

const first = () => one ?? expect.fail('no first process');
const second = () => other ?? expect.fail('no second process');

async function seed(count: number): Promise<SeededGrant[]> {
  const users = await vault.owner.query<{ id: string }>(
    'insert into users (id) select gen_random_uuid()::text from generate_series(1, $1::integer) returning id',
    [count],
  );
  const grants = await provider.grants.seed(count);
  await seedConnections(vault.owner, vault.settings as never, { userIds: users.map(({ id }) => id), grants });
  return grants;
}

const redemptions = async ({ subject }: SeededGrant) => {
  const [{ succeeded, failed, isAlive } = expect.fail('no such grant')] = await provider.grants.of(subject);
  return { succeeded, failed, isAlive };
};

describe('two processes of the built Worker', () => {
  it('answer, each at its own address and from its own process', async () => {
    expect(first().pid()).not.toBe(second().pid());
    for (const { url } of [first(), second()]) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('share the work of one sweep over one queue', async () => {
    const grants = await seed(150);
    expect(await first().scheduled(EVERY_MINUTE)).toBe('ok');
    await server.refreshQueue.queue.settled();
    const outcomes = await Promise.all(grants.map(redemptions));
    expect(outcomes).toEqual(grants.map(() => ({ succeeded: 1, failed: 0, isAlive: true })));
    expect(server.refreshQueue.queue.counts()).toMatchObject({ sent: 3, delivered: 3, acknowledged: 3 });
    for (const worker of [first(), second()])
      expect(worker.lines().filter((line) => line.includes('queue.refreshed')).length).toBeGreaterThan(0);
  });

  it('fail an event that they do not know', async () => {
    expect(await first().scheduled('1 2 3 4 5')).toBe('exception');
  });

  it('can be killed in the middle of a provider’s answer, and come back', async () => {
    const [grant] = await seed(1);
    if (!grant) throw new Error('nothing was seeded');
    const { subject } = grant;
    const late = provider.faults.add({ fault: { kind: 'delay', ms: 60_000 }, times: 1, when: { subject } });
    await second().kill();
    expect(await first().scheduled(EVERY_MINUTE)).toBe('ok');
    await late.reached();
    const { pid } = first();
    const killed = pid();
    await first().kill();
    await expect(fetch(first().url)).rejects.toThrow();
    expect(await redemptions(grant)).toEqual({ succeeded: 1, failed: 0, isAlive: true });
    expect(server.refreshQueue.queue.pending()).toMatchObject([{ attempts: 1, body: { kind: 'refresh' } }]);
    await first().restart();
    await second().restart();
    expect(pid()).not.toBe(killed);
    server.refreshQueue.queue.hurry();
    await server.refreshQueue.queue.settled();
    expect((await fetch(`${first().url}/health`)).status).toBe(200);
  });
});
