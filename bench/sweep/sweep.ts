/**
 * The sweep: connections that are due, cron that claims them, a queue, consumers that refresh. All of it but Neon and the
 * provider as it is deployed, and Cloudflare's limit of connections imposed (bench/workers/consumer.ts).
 */
import { type Environment, newDatabase } from '../environment.ts';
import { buildConsumer } from '../support/build.ts';
import { startProvider } from './provider-process.ts';
import { sweepOnce, type SweepRun, type Variables } from './run.ts';
import { openVault } from './vault.ts';

export interface SweepPlan {
  /** Connections that are due. */
  readonly due: number;
  /** Consumers at a time, one run each. */
  readonly consumers: readonly number[];
  /** Milliseconds of each database round trip, all of the above each. */
  readonly latencies: readonly number[];
}

/** The provider of the bar, and a slow one, which shows whether the sum holds that consumers are computed with. */
export const PROVIDER_MS = 50;
export const SLOW_PROVIDER_MS = 300;

export async function measureSweep(environment: Environment, plan: SweepPlan): Promise<SweepRun[]> {
  const { secrets, say, folder, config } = environment;
  say('Building the Worker with connections limited …');
  const build = await buildConsumer(folder, config);
  say(`Preparing ${plan.due.toLocaleString('en')} connections …`);
  const database = await newDatabase(environment, 'gatehouse_bench_sweep');
  const provider = await startProvider(secrets.demoClient);
  const vault = await openVault(
    database.url,
    { ...secrets, DEMO_CLIENT_ID: secrets.demoClient.clientId },
    await provider.grants(plan.due),
  );
  try {
    const runs: SweepRun[] = [];
    const given = { environment, build, provider, vault, ...database, ...plan };
    // One at a time, or they measure each other.
    for (const run of runsOf(plan)) {
      say(`sweep: ${run.consumers} at a time, provider ${run.providerMs} ms, database ${run.latency} ms`);
      runs.push(await sweepOnce(given, run));
    }
    return runs;
  } finally {
    await vault.close();
    await provider.stop();
  }
}

/** The slow provider once a latency, by as many as there are, or it would take all day. */
function runsOf({ consumers, latencies }: SweepPlan): Variables[] {
  return latencies.flatMap((latency) => [
    ...consumers.map((count) => ({ latency, providerMs: PROVIDER_MS, consumers: count })),
    { latency, providerMs: SLOW_PROVIDER_MS, consumers: Math.max(...consumers) },
  ]);
}
