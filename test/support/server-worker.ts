import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { buildWorker, readWorkerConfig } from '../../bench/support/build.ts';
import { freePort } from '../../bench/support/postgres.ts';
import { type QueueBroker, startQueueBroker } from '../../bench/support/queue-broker.ts';
import type { WorkerSetup } from '../../bench/support/workerd.ts';
import { connectOwner, type Owner } from './owner.ts';
import { type DroppingProxy, startDroppingProxy } from './dropping-proxy.ts';
import { requireServer } from './require-server.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export type { Answer, WorkerProcess } from './worker-process.ts';

/**
 * The built Worker on workerd, a PostgreSQL server behind it, and between them a proxy that can lose answers. What it is
 * asked, the first of its processes is.
 */
export interface ServerWorker extends Pick<WorkerProcess, 'url' | 'call' | 'readMail'> {
  readonly owner: Owner;
  readonly ownerUrl: string;
  readonly proxy: DroppingProxy;
  /** All of them, on one database and one queue. */
  readonly processes: readonly WorkerProcess[];
  /** The refresh queue, which delivers to each process in turn; it is outside of them. */
  readonly refreshQueue: QueueBroker;
  close(): Promise<void>;
}

export interface ServerWorkerOptions {
  /** How many processes serve it; one unless given. */
  readonly processes?: number;
  /** Instead of those of the run: such as `connectorSettings` of a provider, or a database, of the test's own. */
  readonly settings?: Record<string, string>;
}

/** Starts it. Refuses to run on the embedded database, where nothing is concurrent. */
export async function startServerWorker({
  processes: count = 1,
  settings: given = {},
}: ServerWorkerOptions = {}): Promise<ServerWorker> {
  requireServer();
  const merged = { ...inject('worker'), ...given };
  const { OWNER_URL: ownerUrl, NEON_SQL_ENDPOINT: endpoint = '', ...settings } = merged;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-workers-'));
  const closers: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of closers.toReversed()) await end();
  };
  try {
    const proxy = await startDroppingProxy(endpoint);
    closers.push(() => proxy.close());
    const refreshQueue = await startRefreshQueue();
    closers.push(() => refreshQueue.close());
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    const addresses = { NEON_SQL_ENDPOINT: proxy.url, PUBLIC_URL: `http://localhost:${ports[0]}` };
    const setup = await setupOf(folder, { ...settings, ...addresses }, refreshQueue);
    const processes: WorkerProcess[] = [];
    for (const port of ports) {
      const worker = await startWorkerProcess({ ...setup, name: `worker-${port}`, port }, refreshQueue.queue);
      closers.push(() => worker.kill());
      processes.push(worker);
    }
    const [first] = processes;
    if (!first) throw new Error('At least one process is wanted.');
    const { url, call, readMail } = first;
    const owner = connectOwner(merged as never);
    return { url, call, readMail, owner, ownerUrl, proxy, processes, refreshQueue, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startRefreshQueue(): Promise<QueueBroker> {
  const settings = readWorkerConfig().queues.REFRESH_QUEUE;
  if (!settings) throw new Error('wrangler.toml binds no REFRESH_QUEUE.');
  return startQueueBroker(settings);
}

async function setupOf(
  folder: string,
  settings: Record<string, string>,
  refreshQueue: QueueBroker,
): Promise<Omit<WorkerSetup, 'name'>> {
  const { compatibilityDate, compatibilityFlags, objects, rateLimits } = readWorkerConfig();
  // The bundle, not the sources: it is what is deployed, and an edit does not restart it in the middle of a test.
  const { script } = await buildWorker(folder);
  const shared = { compatibilityDate, compatibilityFlags, objects, rateLimits, settings };
  return { folder, script, ...shared, queues: { REFRESH_QUEUE: refreshQueue.address }, withEvents: true };
}
