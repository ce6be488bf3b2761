import { type Environment, startNeonLocal } from '../environment.ts';
import type { buildConsumer } from '../support/build.ts';
import { cpuOf, peakMemoryOf } from '../support/processes.ts';
import { type QueueBroker, startQueueBroker } from '../support/queue-broker.ts';
import { type RunningWorker, startWorkerd } from '../support/workerd.ts';
import { readLog, type SweepLog } from './log.ts';
import type { Pace } from './model.ts';
import type { ProviderReport } from './provider.ts';
import type { SweepProvider } from './provider-process.ts';
import type { SweepVault, VaultReport } from './vault.ts';

/** One sweep over all connections. */
export interface SweepRun extends SweepLog, VaultReport, Pick<ProviderReport, 'mostPerToken' | 'mostAtOnce'> {
  readonly latency: number;
  readonly providerMs: number;
  readonly consumers: number;
  readonly due: number;
  /** From cron's event until the last message was acknowledged. */
  readonly seconds: number;
  readonly trips: number;
  /** Worker CPU of a refresh. */
  readonly cpuMs: number;
  /** The most memory that the workerd process had. */
  readonly peakMiB: number;
}

/** What differs from run to run. */
export type Variables = Pick<SweepRun, 'latency' | 'providerMs' | 'consumers'>;

/** What stays. */
export interface Given {
  readonly due: number;
  readonly environment: Environment;
  readonly build: Awaited<ReturnType<typeof buildConsumer>>;
  readonly provider: SweepProvider;
  readonly vault: SweepVault;
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A Worker and an endpoint of its own for each run: memory and statistics begin anew. */
export async function sweepOnce(given: Given, variables: Variables): Promise<SweepRun> {
  const { environment, provider, vault, due } = given;
  const [settings] = Object.values(environment.config.queues);
  if (!settings) throw new Error('wrangler.toml binds no queue.');
  const neon = await startNeonLocal(given.url, variables.latency, environment.pool);
  const broker = await startQueueBroker({ ...settings, maxConcurrency: variables.consumers });
  try {
    const worker = await startConsumer(given, neon.url, broker);
    await provider.delay(variables.providerMs);
    await vault.makeDue();
    await provider.report();
    const cpuBefore = cpuOf(worker.pid);
    const { seconds, trips } = await drive(worker, broker, neon.url);
    const cpuMs = (cpuOf(worker.pid) - cpuBefore) / due;
    const peakMiB = peakMemoryOf(worker.pid);
    await worker.stop();
    const { mostPerToken, mostAtOnce } = await provider.report();
    const found = { ...(await vault.report()), ...readLog(worker.log()), mostPerToken, mostAtOnce };
    return { ...variables, ...found, due, seconds, trips, cpuMs, peakMiB };
  } finally {
    await broker.close();
    await neon.stop();
  }
}

async function startConsumer(given: Given, neonUrl: string, broker: QueueBroker): Promise<RunningWorker> {
  const { environment, build, provider, settings } = given;
  const { folder, config, secrets } = environment;
  const { clientId, clientSecret } = secrets.demoClient;
  const demo = { DEMO_ISSUER: provider.issuer, DEMO_CLIENT_ID: clientId, DEMO_CLIENT_SECRET: clientSecret };
  const worker = await startWorkerd({
    name: 'consumer',
    folder,
    script: build.script,
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: build.compatibilityFlags,
    settings: { ...settings, ...demo, NEON_SQL_ENDPOINT: neonUrl },
    objects: config.objects,
    rateLimits: config.rateLimits,
    queues: Object.fromEntries(Object.keys(config.queues).map((binding) => [binding, broker.address])),
    withEvents: true,
  });
  worker.emptyLog();
  return worker;
}

/** One event of cron, and consumers as messages come, until none is left. */
async function drive(
  worker: RunningWorker,
  broker: QueueBroker,
  neonUrl: string,
): Promise<{ seconds: number; trips: number }> {
  const stats = (path: string, method: string) => fetch(neonUrl.replace(/\/sql$/, path), { method });
  await stats('/stats/reset', 'POST');
  const startedAt = performance.now();
  broker.queue.attach((batch) => worker.queue(batch));
  const outcome = await worker.scheduled('* * * * *');
  if (outcome !== 'ok') throw new Error(`cron ended with "${outcome}".\n${worker.log().slice(-5).join('\n')}`);
  await broker.queue.settled(30 * 60_000);
  const seconds = (performance.now() - startedAt) / 1000;
  const { roundTrips } = (await (await stats('/stats', 'GET')).json()) as { roundTrips: number };
  return { seconds, trips: roundTrips };
}

/** How fast one invocation was. */
export function paceOf({ providerMs, due, seconds, consumers }: SweepRun): Pace {
  return { providerMs, perSecond: due / seconds / consumers };
}
