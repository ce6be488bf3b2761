import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
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

/** What a build weighs, in KiB, and who brings it. */
export interface BundleReport {
  readonly minifiedKiB: number;
  readonly gzipKiB: number;
  /** Minified KiB by package, or by folder of ours, the largest first. */
  readonly contributors: readonly { readonly name: string; readonly kiB: number }[];
}

interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>;
}

export function weigh({ script, metafile }: Build): BundleReport {
  const code = readFileSync(script);
  const { outputs } = JSON.parse(readFileSync(metafile, 'utf8')) as Metafile;
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = contributorOf(path);
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
    }
  }
  const contributors = [...bytes].map(([name, size]) => ({ name, kiB: size / 1024 })).filter(({ kiB }) => kiB > 0);
  return {
    minifiedKiB: code.length / 1024,
    gzipKiB: gzipSync(code).length / 1024,
    contributors: contributors.toSorted((a, b) => b.kiB - a.kiB),
  };
}

/** The package a source file belongs to, or the folder of ours. */
export function contributorOf(path: string): string {
  const packages = [...path.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)];
  const last = packages.at(-1)?.[1];
  // The maps inside drizzle-orm's package name its sources as if they lay beside it.
  if (last === 'src') return 'drizzle-orm';
  if (last) return last;
  const own = /(?:^|\/)((?:src|drizzle|bench)(?:\/[^/]+(?=\/))?)/.exec(path)?.[1];
  return own ?? 'wrangler';
}
