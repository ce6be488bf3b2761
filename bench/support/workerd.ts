import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from './postgres.ts';
import { start } from './processes.ts';
import type { QueueBatch, QueueOutcome } from './queue-delivery.ts';
import { type ConfiguredWorker, type Ports, renderConfig } from './workerd-config.ts';

/** What runs on workerd: a built script, and what wrangler.toml would bind to it. */
export interface WorkerSetup extends ConfiguredWorker {
  readonly name: string;
  /** Folder for its configuration, its data and its log; a Worker started there again finds its data. */
  readonly folder: string;
  readonly script: string;
  /** A free one unless given. */
  readonly port?: number;
  readonly withInspector?: boolean;
  /** Whether queue batches and cron events can be handed to it. */
  readonly withEvents?: boolean;
}

/** One workerd process that serves one Worker. */
export interface RunningWorker {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly inspectorPort: number | null;
  /** Hands a batch to its `queue` handler, past any queue. @throws Error when it died meanwhile */
  queue(batch: QueueBatch): Promise<QueueOutcome>;
  /** Fires its `scheduled` handler. Answers how that ended: `ok` or `exception`. */
  scheduled(cron: string): Promise<string>;
  /** The lines that the Worker has logged since the log was last emptied. */
  log(): string[];
  emptyLog(): void;
  stop(): Promise<void>;
  /** Ends it at once, as `kill -9`: nothing it was doing is finished. */
  kill(): Promise<void>;
}

/** Starts the real workerd binary with the Worker alone: no simulator and no proxy in front of it. */
export async function startWorkerd(setup: WorkerSetup): Promise<RunningWorker> {
  const folder = join(setup.folder, setup.name);
  mkdirSync(join(folder, 'objects'), { recursive: true });
  const ports = { http: setup.port ?? (await freePort()), events: setup.withEvents ? await freePort() : undefined };
  const inspectorPort = setup.withInspector ? await freePort() : null;
  const config = join(folder, 'config.capnp');
  writeFileSync(config, renderConfig({ ...setup, folder }, ports));
  // An embedded file is named relative to the configuration.
  copyFileSync(setup.script, join(folder, 'worker.js'));
  for (const module of ['rate-limit-binding.js', 'events.js'])
    copyFileSync(new URL(`../workers/${module}`, import.meta.url), join(folder, module));
  const logFile = join(folder, 'worker.log');
  const words = ['serve', config, '--experimental'];
  if (inspectorPort !== null) words.push(`--inspector-addr=127.0.0.1:${inspectorPort}`);
  const log = openSync(logFile, 'a');
  const running = start(resolve('node_modules/.bin/workerd'), words, { stdio: ['ignore', log, log] });
  closeSync(log);
  const worker: RunningWorker = {
    name: setup.name,
    pid: running.pid,
    port: ports.http,
    inspectorPort,
    ...eventsOf(ports),
    log: () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean),
    emptyLog: () => truncateSync(logFile),
    stop: () => running.stop(),
    kill: () => {
      running.child.kill('SIGKILL');
      return running.stop();
    },
  };
  await untilReady(worker, () => running.child.exitCode).catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  return worker;
}

function eventsOf({ events }: Ports): Pick<RunningWorker, 'queue' | 'scheduled'> {
  const send = async <T>(event: object): Promise<T> => {
    if (events === undefined) throw new Error('This Worker was started without events.');
    const response = await fetch(`http://127.0.0.1:${events}/`, { method: 'POST', body: JSON.stringify(event) });
    if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
    return response.json() as Promise<T>;
  };
  return {
    queue: (batch) => send({ kind: 'queue', ...batch }),
    scheduled: async (cron) => (await send<{ outcome: string }>({ kind: 'scheduled', cron, time: Date.now() })).outcome,
  };
}

async function untilReady(worker: RunningWorker, exitCode: () => number | null): Promise<void> {
  for (let attempt = 0; attempt < 100 && exitCode() === null; attempt += 1) {
    const isUp = await fetch(`http://127.0.0.1:${worker.port}/`, { redirect: 'manual' }).then(
      (response) => response.text().then(() => true),
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`workerd did not serve ${worker.name}.\n${worker.log().slice(-15).join('\n')}`);
}
