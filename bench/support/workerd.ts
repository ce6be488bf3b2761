import { copyFileSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from './postgres.ts';
import { start } from './processes.ts';

/** What runs on workerd: a built script, and what wrangler.toml would bind to it. */
export interface WorkerSetup {
  readonly name: string;
  /** Folder for its configuration and its log. */
  readonly folder: string;
  readonly script: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Durable Object classes by binding. */
  readonly objects?: Readonly<Record<string, string>>;
  /** Seconds of each rate-limit binding's period; the limit itself is out of reach. */
  readonly rateLimits?: Readonly<Record<string, number>>;
  readonly withInspector?: boolean;
}

/** One workerd process that serves one Worker. */
export interface RunningWorker {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly inspectorPort: number | null;
  /** The lines that the Worker has logged since the log was last emptied. */
  log(): string[];
  emptyLog(): void;
  stop(): Promise<void>;
}

const UNREACHABLE_LIMIT = 1_000_000_000;

/** Starts the real workerd binary with the Worker alone: no simulator and no proxy in front of it. */
export async function startWorkerd(setup: WorkerSetup): Promise<RunningWorker> {
  const folder = join(setup.folder, setup.name);
  mkdirSync(join(folder, 'objects'), { recursive: true });
  const port = await freePort();
  const inspectorPort = setup.withInspector ? await freePort() : null;
  const config = join(folder, 'config.capnp');
  writeFileSync(config, renderConfig({ ...setup, folder }, port));
  // An embedded file is named relative to the configuration.
  copyFileSync(setup.script, join(folder, 'worker.js'));
  copyFileSync(new URL('../workers/rate-limit-binding.js', import.meta.url), join(folder, 'rate-limit-binding.js'));
  const logFile = join(folder, 'worker.log');
  const words = ['serve', config, '--experimental'];
  if (inspectorPort !== null) words.push(`--inspector-addr=127.0.0.1:${inspectorPort}`);
  const log = openSync(logFile, 'a');
  const running = start(resolve('node_modules/.bin/workerd'), words, { stdio: ['ignore', log, log] });
  const worker: RunningWorker = {
    name: setup.name,
    pid: running.pid,
    port,
    inspectorPort,
    log: () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean),
    emptyLog: () => truncateSync(logFile),
    stop: () => running.stop(),
  };
  await untilReady(worker, () => running.child.exitCode).catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  return worker;
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

/** workerd's configuration (workerd.capnp) for one Worker on one port of loopback. */
export function renderConfig(setup: WorkerSetup, port: number): string {
  const { compatibilityDate, compatibilityFlags, settings, objects = {}, rateLimits = {} } = setup;
  const bindings = [
    ...Object.entries(settings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...Object.entries(objects).map(
      ([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
    ),
    ...Object.entries(rateLimits).map(
      ([name, period]) =>
        `(name = ${text(name)}, wrapped = (moduleName = "bench:rate-limit", innerBindings = [` +
        `(name = "limit", json = "${UNREACHABLE_LIMIT}"), (name = "period", json = "${period}")]))`,
    ),
  ];
  const namespaces = Object.values(objects).map(
    (className) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = ${text(join(setup.folder, 'objects'))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
  extensions = [(modules = [(name = "bench:rate-limit", internal = true, esModule = embed "rate-limit-binding.js")])],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(text).join(', ')}],
  globalOutbound = "internet",
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    ${bindings.join(',\n    ')}
  ],
);
`;
}

/** A text literal of Cap'n Proto's configuration language. */
function text(value: string): string {
  return JSON.stringify(value);
}
