/**
 * What one member who does their worst within the caps costs a thousand others: how fast the others' rows go through each
 * of four jobs, without that member and with them, in turn. The jobs' own code, on Node.
 */
import { neonConfig } from '@neondatabase/serverless';
import { Client } from 'pg';
import type { VaultSettings } from '../../scripts/support/seed-connections.ts';
import type { VaultContext } from '../../src/context.ts';
import type { VaultMessage } from '../../src/domain/oauth/vault-message.ts';
import { identifyBatch } from '../../src/domain/oauth/identify.ts';
import { refreshBatch } from '../../src/domain/oauth/refresh-batch.ts';
import { resealBatch } from '../../src/domain/oauth/reseal.ts';
import type { Env } from '../../src/env.ts';
import { cleanup } from '../../src/jobs/cleanup.ts';
import { jobContext } from '../../src/jobs/context.ts';
import { enqueueDueConnections } from '../../src/jobs/enqueue-due-connections.ts';
import { type Environment, newDatabase, startNeonLocal } from '../environment.ts';
import { seedUsers } from '../seed.ts';
import { median } from '../support/statistics.ts';
import { startProvider, type SweepProvider } from '../sweep/provider-process.ts';
import { MEMBER, OTHERS, ROWS, seedExpired, seedMember, seedOthers } from './seed.ts';

export { OTHERS } from './seed.ts';

const jobs = ['refresh', 're-sealing', 'identification', 'clean-up'] as const;
type JobName = (typeof jobs)[number];

/** One job: rows of others a second, of each round. */
export interface FairnessRun {
  readonly job: JobName;
  readonly alone: readonly number[];
  readonly withMember: readonly number[];
  /** Of the medians. */
  readonly ratio: number;
}

const LEAST_ROUNDS = 3;

export async function measureFairness(environment: Environment, rounds: number): Promise<FairnessRun[]> {
  const provider = await startProvider(environment.secrets.demoClient);
  const alone = await openWorld(environment, provider, { withMember: false });
  const crowded = await openWorld(environment, provider, { withMember: true });
  const found = Object.fromEntries(jobs.map((job) => [job, { alone: [] as number[], withMember: [] as number[] }]));
  try {
    for (let round = 1; round <= Math.max(LEAST_ROUNDS, rounds); round += 1) {
      for (const job of jobs) {
        environment.say(`fairness: ${job}, round ${round}`);
        // In turn, or they measure each other.
        found[job]?.alone.push(await alone.measure(job));
        found[job]?.withMember.push(await crowded.measure(job));
      }
    }
  } finally {
    await alone.close();
    await crowded.close();
    await provider.stop();
  }
  return jobs.map((job) => {
    const { alone: without = [], withMember = [] } = found[job] ?? {};
    return { job, alone: without, withMember, ratio: median(withMember) / median(without) };
  });
}

/** A database with its endpoint, and the jobs on it. */
interface World {
  /** Makes the rows ready, runs the job until no other's row is left, and says how many of them it did a second. */
  measure(job: JobName): Promise<number>;
  close(): Promise<void>;
}

async function openWorld(
  environment: Environment,
  provider: SweepProvider,
  { withMember }: { readonly withMember: boolean },
): Promise<World> {
  const { secrets, say, pool } = environment;
  say(`Preparing ${OTHERS.toLocaleString('en')} users${withMember ? ' and one who does their worst' : ''} …`);
  const { url, settings } = await newDatabase(environment, `gatehouse_bench_fair_${withMember ? 'with' : 'alone'}`);
  await seedUsers(url, OTHERS + 1, { users: [], sessions: [], tokens: [] });
  const neon = await startNeonLocal(url, 0, pool);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { clientId, clientSecret } = secrets.demoClient;
  const vault: VaultSettings = { ...secrets, DEMO_CLIENT_ID: clientId };
  await seedOthers(client, vault, await provider.grants(ROWS));
  if (withMember) await seedMember(client, vault);
  await client.query('vacuum analyze');
  const demo = { DEMO_ISSUER: provider.issuer, DEMO_CLIENT_ID: clientId, DEMO_CLIENT_SECRET: clientSecret };
  const sent: VaultMessage[] = [];
  const REFRESH_QUEUE = {
    sendBatch: async (messages: Iterable<{ body: VaultMessage }>) => {
      for (const { body } of messages) sent.push(body);
    },
  };
  const context = (changes: Record<string, string> = {}): VaultContext => {
    const env = { ...settings, NEON_SQL_ENDPOINT: neon.url, ...demo, REFRESH_QUEUE, ...changes };
    return { ...jobContext(env as unknown as Env), log: () => {} };
  };
  const measures = measuresOf({ client, context, sent, vault, withMember });
  return {
    measure: (job) => {
      // The driver has one address for all databases.
      neonConfig.fetchEndpoint = neon.url;
      return measures[job]();
    },
    close: async () => {
      await client.end();
      await neon.stop();
    },
  };
}

interface Parts {
  readonly client: Client;
  readonly context: (changes?: Record<string, string>) => VaultContext;
  readonly sent: VaultMessage[];
  readonly vault: VaultSettings;
  readonly withMember: boolean;
}

function measuresOf({ client, context, sent, vault, withMember }: Parts): Record<JobName, () => Promise<number>> {
  const count = async (where: string) => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from oauth_connections where user_id <> '${MEMBER}' and ${where}`,
    );
    return rows[0]?.n ?? 0;
  };
  /** Until no other's row is left; what remains is the member's. */
  const until = async (left: () => Promise<number>, step: () => Promise<unknown>) => {
    await client.query('vacuum analyze oauth_connections');
    await client.query('checkpoint');
    const startedAt = performance.now();
    for (let steps = 0; (await left()) > 0; steps += 1) {
      if (steps > 1_000) throw new Error('The job does not come to its end.');
      await step();
    }
    return ROWS / ((performance.now() - startedAt) / 1000);
  };
  const rings = rotation(vault);
  return {
    refresh: async () => {
      await client.query(MAKE_DUE, [MEMBER]);
      sent.length = 0;
      await client.query('truncate connector_breakers');
      const ctx = context(rings.current());
      return until(
        () => count("next_refresh_at < now() + interval '4 minutes'"),
        async () => {
          if (sent.length === 0) await enqueueDueConnections(ctx);
          const message = sent.shift();
          if (message?.kind === 'refresh') await refreshBatch(ctx, message.rows);
        },
      );
    },
    're-sealing': async () => {
      const ring = rings.turn();
      const ctx = context(ring);
      const seen = new Set<string>();
      const pace = await until(
        () => count(`key_id <> '${ring.TOKEN_KEY_ACTIVE}'`),
        () => resealBatch(ctx, seen),
      );
      // The rest is the member's, and not timed: the next round begins with all of it under one key.
      for (let left = true; left;) left = (await resealBatch(ctx, seen)).found > 0;
      return pace;
    },
    identification: async () => {
      await client.query(MAKE_UNIDENTIFIED, [MEMBER]);
      const ctx = context(rings.current());
      return until(
        () => count('identify_at is not null'),
        () => identifyBatch(ctx),
      );
    },
    'clean-up': async () => {
      await seedExpired(client, withMember);
      const ctx = context();
      const startedAt = performance.now();
      const deleted = await cleanup(ctx);
      const seconds = (performance.now() - startedAt) / 1000;
      const rows = Object.values(deleted).reduce((sum, n) => sum + n, 0);
      if (rows < OTHERS * 40) throw new Error('The clean-up left rows of others.');
      return (OTHERS * 40) / seconds;
    },
  };
}

/** Two keys that are the active one in turn. */
function rotation({ TOKEN_KEYS, TOKEN_KEY_ACTIVE }: VaultSettings) {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const all = `${TOKEN_KEYS},next:${Buffer.from(bytes).toString('base64')}`;
  let active = TOKEN_KEY_ACTIVE;
  const current = () => ({ TOKEN_KEYS: all, TOKEN_KEY_ACTIVE: active });
  const turn = () => {
    active = active === 'next' ? TOKEN_KEY_ACTIVE : 'next';
    return current();
  };
  return { current, turn };
}

/** The member's are the oldest, and have not failed yet. */
const MAKE_DUE = `update oauth_connections set next_refresh_at = now() - case when user_id = $1 then interval '1 hour'
    else interval '1 second' end, identify_at = null, lease_id = null, lease_until = null, failure_count = 0,
    failing_since = null, last_failure = null, status = 'active'`;

/** As if nobody had asked yet: what the provider says is written down once more. */
const MAKE_UNIDENTIFIED = `update oauth_connections set next_refresh_at = null, lease_id = null, lease_until = null,
    granted_at = now(),
    identify_at = now() - case when user_id = $1 then interval '1 hour' else interval '1 second' end`;
