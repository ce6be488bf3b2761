import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unstable_readConfig as readConfig } from 'wrangler';
import { run } from './processes.ts';
import type { QueueSettings } from './queue-delivery.ts';

/** A Worker as wrangler uploads it. */
export interface Build {
  readonly script: string;
  readonly sourceMap: string;
  readonly metafile: string;
}

/** What of wrangler.toml the benchmark takes over. */
export interface WorkerConfig {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: string[];
  readonly objects: Record<string, string>;
  readonly rateLimits: Record<string, number>;
  /** Of the queues that it sends to, by binding, how they deliver. */
  readonly queues: Record<string, QueueSettings>;
}

/** The part of wrangler's parsed configuration that is read here. */
interface ParsedConfig {
  readonly compatibility_date?: string;
  readonly compatibility_flags: string[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly ratelimits: readonly { readonly name: string; readonly simple: { readonly period: number } }[];
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers?: readonly ParsedConsumer[];
  };
}

interface ParsedConsumer {
  readonly queue: string;
  readonly max_batch_size?: number;
  readonly max_batch_timeout?: number;
  readonly max_retries?: number;
  readonly retry_delay?: number;
  readonly max_concurrency?: number | null;
}

export function readWorkerConfig(): WorkerConfig {
  const config: ParsedConfig = readConfig({ config: 'wrangler.toml' });
  return {
    compatibilityDate: config.compatibility_date ?? '',
    compatibilityFlags: config.compatibility_flags,
    objects: Object.fromEntries(config.durable_objects.bindings.map((binding) => [binding.name, binding.class_name])),
    rateLimits: Object.fromEntries(config.ratelimits.map((binding) => [binding.name, binding.simple.period])),
    queues: readQueues(config),
  };
}

/** The defaults are Cloudflare's. Without a limit it starts up to 250 consumers, as the backlog grows: here ten. */
function readQueues({ queues: { producers = [], consumers = [] } }: ParsedConfig): Record<string, QueueSettings> {
  const settingsOf = (queue: string): QueueSettings => {
    const consumer = consumers.find((one) => one.queue === queue);
    return {
      queue,
      maxBatchSize: consumer?.max_batch_size ?? 10,
      maxBatchTimeoutSeconds: consumer?.max_batch_timeout ?? 5,
      maxRetries: consumer?.max_retries ?? 3,
      retryDelaySeconds: consumer?.retry_delay ?? 0,
      maxConcurrency: consumer?.max_concurrency ?? 10,
    };
  };
  return Object.fromEntries(producers.map(({ binding, queue }) => [binding, settingsOf(queue)]));
}

/** The packages that package.json asks for at run time. */
export function readDependencies(): string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  return Object.keys(dependencies);
}

/** Builds the Worker of wrangler.toml exactly as `npm run deploy` does, without deploying it. */
export async function buildWorker(folder: string): Promise<Build> {
  return build(resolve('wrangler.toml'), join(folder, 'build-worker'), 'worker.js');
}

/** Builds the bare Worker in the same way and for the same date. */
export async function buildFloor(folder: string, config: WorkerConfig): Promise<Build> {
  return buildOwn(folder, 'floor', config);
}

/** Builds the Worker that holds our own one to six connections an invocation (bench/workers/consumer.ts). */
export async function buildConsumer(folder: string, config: WorkerConfig): Promise<Build & ConsumerFlags> {
  const compatibilityFlags = [...config.compatibilityFlags, 'nodejs_als'];
  return { ...(await buildOwn(folder, 'consumer', { ...config, compatibilityFlags })), compatibilityFlags };
}

/** What it takes to tell one invocation from another. */
export type ConsumerFlags = Pick<WorkerConfig, 'compatibilityFlags'>;

async function buildOwn(
  folder: string,
  name: string,
  { compatibilityDate, compatibilityFlags }: WorkerConfig,
): Promise<Build> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `${name}.json`);
  const main = resolve(`bench/workers/${name}.ts`);
  const contents = {
    name,
    main,
    compatibility_date: compatibilityDate,
    compatibility_flags: compatibilityFlags,
  };
  writeFileSync(config, JSON.stringify(contents));
  return build(config, join(folder, `build-${name}`), `${name}.js`);
}

async function build(config: string, outdir: string, script: string): Promise<Build> {
  const words = ['deploy', '--config', config, '--dry-run', '--minify', '--metafile', '--outdir', outdir];
  await run(resolve('node_modules/.bin/wrangler'), words, { env: wranglerEnvironment() });
  return {
    script: join(outdir, script),
    sourceMap: join(outdir, `${script}.map`),
    metafile: join(outdir, 'bundle-meta.json'),
  };
}

export function wranglerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true', FORCE_COLOR: '0' };
}
