import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DevSecrets, freshSecrets, workerSettings } from '../scripts/support/dev-settings.ts';
import { startStack } from '../scripts/support/stack.ts';
import { type Build, buildFloor, buildWorker, readWorkerConfig, type WorkerConfig } from './support/build.ts';
import { firstLine, start } from './support/processes.ts';
import { type Postgres, startPostgres, usePostgres } from './support/postgres.ts';
import { type RunningWorker, startWorkerd } from './support/workerd.ts';
import { type Callers, callersOf, seedFreshConnections, seedUsers } from './seed.ts';

/** What stays for the whole benchmark: a folder, a database server, both Workers built. */
export interface Environment {
  readonly folder: string;
  readonly postgres: Postgres;
  readonly config: WorkerConfig;
  readonly builds: { readonly gatehouse: Build; readonly floor: Build };
  readonly secrets: DevSecrets;
  readonly pool: number;
  readonly say: (line: string) => void;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  /** Superuser URL of a running server; absent: a private one is started. */
  readonly postgres?: string;
  /** Connections that the Neon-compatible endpoint keeps. */
  readonly pool: number;
  readonly say: (line: string) => void;
}

export async function openEnvironment({ postgres: url, pool, say }: EnvironmentOptions): Promise<Environment> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    say('Building both Workers (wrangler, minified) …');
    const config = readWorkerConfig();
    const builds = { gatehouse: await buildWorker(folder), floor: await buildFloor(folder, config) };
    say(url ? 'Connecting to PostgreSQL …' : 'Starting a private PostgreSQL …');
    const postgres = url ? await usePostgres(url) : await startPostgres(folder);
    const close = async () => {
      await postgres.stop();
      remove();
    };
    return { folder, postgres, config, builds, secrets: freshSecrets(), pool, say, close };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A database with users, and how the Worker reaches it. */
export interface SeededDatabase {
  readonly url: string;
  readonly users: number;
  readonly callers: Callers;
  readonly settings: Readonly<Record<string, string>>;
}

/** Makes, migrates and fills a database of its own for a number of users. */
export async function seedDatabase(environment: Environment, users: number): Promise<SeededDatabase> {
  const { secrets, say } = environment;
  say(`Preparing a database with ${users.toLocaleString('en')} users …`);
  const { url, settings } = await newDatabase(environment, `gatehouse_bench_${users}`);
  const callers = await callersOf(users);
  await seedUsers(url, users, callers, say);
  await seedFreshConnections(url, { ...secrets, DEMO_CLIENT_ID: secrets.demoClient.clientId }, callers);
  return { url, users, callers, settings };
}

/** A migrated database without a row, and the Worker's settings for it. */
export async function newDatabase(
  { postgres, secrets }: Environment,
  name: string,
): Promise<Pick<SeededDatabase, 'url' | 'settings'>> {
  const url = await postgres.createDatabase(name);
  const stack = await startStack({ postgres: url, passwords: secrets.passwords });
  await stack.close();
  return { url, settings: workerSettings(secrets, stack.settings, 'http://localhost:8787') };
}

/** What a group of measurements runs on: an endpoint of one latency, and both Workers in front of it. */
export interface Setup {
  readonly database: SeededDatabase;
  readonly neon: { readonly pid: number; readonly url: string };
  readonly workers: { readonly gatehouse: RunningWorker; readonly floor: RunningWorker };
  close(): Promise<void>;
}

export async function openSetup(
  environment: Environment,
  database: SeededDatabase,
  { latency, withInspector = false }: { latency: number; withInspector?: boolean },
): Promise<Setup> {
  const { folder, builds, config, pool } = environment;
  const started: { stop(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    const neon = await startNeonLocal(database.url, latency, pool);
    started.push(neon);
    const settings = { ...database.settings, NEON_SQL_ENDPOINT: neon.url };
    const { compatibilityDate, compatibilityFlags } = config;
    const shared = { folder, compatibilityDate, compatibilityFlags, settings, withInspector };
    const gatehouse = await startWorkerd({
      ...shared,
      name: 'gatehouse',
      script: builds.gatehouse.script,
      objects: config.objects,
      rateLimits: config.rateLimits,
    });
    started.push(gatehouse);
    const floor = await startWorkerd({ ...shared, name: 'floor', script: builds.floor.script });
    started.push(floor);
    return { database, neon, workers: { gatehouse, floor }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The Neon-compatible endpoint as a process of its own, so that its CPU is not the benchmark's. */
export async function startNeonLocal(postgres: string, latency: number, pool: number) {
  const words = ['scripts/neon-local/cli.ts', '--port', '0', '--postgres', postgres, '--json'];
  words.push('--latency', String(latency), '--pool', String(pool));
  const running = start(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const readUrl = (line: string) => /"url":"([^"]+)"/.exec(line)?.[1];
  const url = await firstLine(running.child, readUrl, 'neon-local').catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  return { ...running, url };
}
