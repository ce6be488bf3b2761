import { join } from 'node:path';

/** What of a Worker stands in workerd's configuration. */
export interface ConfiguredWorker {
  /** Of its configuration and its data. */
  readonly folder: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Durable Object classes by binding. */
  readonly objects?: Readonly<Record<string, string>>;
  /** Seconds of each rate-limit binding's period; the limit itself is out of reach. */
  readonly rateLimits?: Readonly<Record<string, number>>;
  /** Queue bindings: where each sends to, host and port. */
  readonly queues?: Readonly<Record<string, string>>;
}

/** On loopback. Where `events` is given, batches of queues and cron events come in there. */
export interface Ports {
  readonly http: number;
  readonly events?: number;
}

const UNREACHABLE_LIMIT = 1_000_000_000;

/** workerd's configuration (workerd.capnp) for one Worker on one port of loopback. */
export function renderConfig(worker: ConfiguredWorker, ports: Ports): string {
  const { compatibilityDate, compatibilityFlags, objects = {}, queues = {} } = worker;
  const namespaces = Object.values(objects).map(
    (className) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`,
  );
  const services = [
    '(name = "main", worker = .worker)',
    '(name = "internet", network = (allow = ["public", "private"]))',
    `(name = "objects", disk = (path = ${text(join(worker.folder, 'objects'))}, writable = true))`,
    ...Object.entries(queues).map(
      ([name, address]) => `(name = ${text(`queue:${name}`)}, external = (address = ${text(address)}, http = ()))`,
    ),
  ];
  const sockets = [socket('main', ports.http)];
  if (ports.events !== undefined) {
    services.push('(name = "events", worker = .events)');
    sockets.push(socket('events', ports.events));
  }
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ${services.join(',\n    ')}
  ],
  sockets = [${sockets.join(', ')}],
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
    ${bindingsOf(worker).join(',\n    ')}
  ],
);
${ports.events === undefined ? '' : eventsWorker(compatibilityDate)}`;
}

function bindingsOf({ settings, objects = {}, rateLimits = {}, queues = {} }: ConfiguredWorker): string[] {
  const binding = (name: string, value: string) => `(name = ${text(name)}, ${value})`;
  const rateLimit = (period: number) =>
    `wrapped = (moduleName = "bench:rate-limit", innerBindings = [` +
    `(name = "limit", json = "${UNREACHABLE_LIMIT}"), (name = "period", json = "${period}")])`;
  return [
    ...Object.entries(settings).map(([name, value]) => binding(name, `text = ${text(value)}`)),
    ...Object.entries(objects).map(([name, className]) => binding(name, `durableObjectNamespace = ${text(className)}`)),
    ...Object.entries(rateLimits).map(([name, period]) => binding(name, rateLimit(period))),
    ...Object.keys(queues).map((name) => binding(name, `queue = ${text(`queue:${name}`)}`)),
  ];
}

/** What calls the handlers `queue` and `scheduled`, which no socket reaches by itself. */
function eventsWorker(compatibilityDate: string): string {
  return `
const events :Workerd.Worker = (
  modules = [(name = "events.js", esModule = embed "events.js")],
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "WORKER", service = "main")],
);
`;
}

function socket(service: string, port: number): string {
  return `(name = "${service}", address = "127.0.0.1:${port}", http = (), service = "${service}")`;
}

/** A text literal of Cap'n Proto's configuration language. */
function text(value: string): string {
  return JSON.stringify(value);
}
