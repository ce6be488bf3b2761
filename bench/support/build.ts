import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unstable_readConfig as readConfig } from 'wrangler';
import { run } from './processes.ts';

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
}

/** The part of wrangler's parsed configuration that is read here. */
interface ParsedConfig {
  readonly compatibility_date?: string;
  readonly compatibility_flags: string[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly ratelimits: readonly { readonly name: string; readonly simple: { readonly period: number } }[];
}

export function readWorkerConfig(): WorkerConfig {
  const config: ParsedConfig = readConfig({ config: 'wrangler.toml' });
  return {
    compatibilityDate: config.compatibility_date ?? '',
    compatibilityFlags: config.compatibility_flags,
    objects: Object.fromEntries(config.durable_objects.bindings.map((binding) => [binding.name, binding.class_name])),
    rateLimits: Object.fromEntries(config.ratelimits.map((binding) => [binding.name, binding.simple.period])),
  };
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
export async function buildFloor(
  folder: string,
  { compatibilityDate, compatibilityFlags }: WorkerConfig,
): Promise<Build> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'floor.json');
  const main = resolve('bench/workers/floor.ts');
  const contents = {
    name: 'floor',
    main,
    compatibility_date: compatibilityDate,
    compatibility_flags: compatibilityFlags,
  };
  writeFileSync(config, JSON.stringify(contents));
  return build(config, join(folder, 'build-floor'), 'floor.js');
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
