/** A database of its own on the server of the run, migrated, with a legacy schema in it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { randomKeyRing, startStack } from '../../../scripts/support/stack.ts';
import { type LegacySession, openSession } from '../../../src/db/legacy/index.ts';
import { parseKeyRing } from '../../../src/lib/keys.ts';
import { createSealer, type Sealer } from '../../../src/lib/sealing.ts';
import { createDatabase } from '../../support/database.ts';
import { createLegacySchema, type LegacyPlan } from '../../support/legacy-database.ts';
import { catalogueOf, changedRows, keepOriginal, type Query } from '../../support/legacy-snapshot.ts';
import { requireServer } from '../../support/require-server.ts';

export interface LegacyServer {
  readonly url: string;
  readonly sealer: Sealer;
  readonly query: Query;
  /** A session of its own, and the server's process that serves it. */
  open(): Promise<{ session: LegacySession; pid: number }>;
  /** Makes the schema anew and remembers what it is. */
  make(plan: LegacyPlan): Promise<void>;
  /** What is not as it was: rows, and lines of the catalogue. */
  differences(): Promise<string[]>;
  /** Runs the command in a process of its own. */
  command(...words: string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The most memory that the process had at once; null where /proc does not say. */
  readonly peakMiB: number | null;
  readonly seconds: number;
}

/** Starts it. Logins belong to the cluster: their passwords stay those of the run. */
export async function startLegacyServer(): Promise<LegacyServer> {
  const database = await createDatabase(requireServer(), `gatehouse_legacy_${process.pid}_${Date.now()}`);
  const worker = inject('worker');
  const passwordOf = (url = '') => decodeURIComponent(new URL(url).password);
  const passwords = { app: passwordOf(worker.DATABASE_URL), service: passwordOf(worker.SERVICE_DATABASE_URL) };
  const stack = await startStack({ postgres: database.url, passwords });
  const ring = randomKeyRing();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const query: Query = async (text, params) => (await client.query(text, params ? [...params] : [])).rows;
  const sessions: LegacySession[] = [];
  let before: string[] = [];
  return {
    url: database.url,
    sealer: createSealer(parseKeyRing('TOKEN_KEYS', ring, 'dev')),
    query,
    open: async () => {
      const session = await openSession(database.url);
      sessions.push(session);
      const [row] = await session.query('select pg_backend_pid() as pid');
      return { session, pid: Number(row?.['pid']) };
    },
    make: async (plan) => {
      await query('drop schema if exists dev_original cascade');
      await query('drop schema if exists dev cascade');
      await query('drop schema if exists dev_archive cascade');
      await query('truncate users, legacy_runs cascade');
      await createLegacySchema(query, plan);
      await keepOriginal(query, 'dev');
      before = await catalogueOf(query, 'dev');
    },
    differences: async () => {
      const after = await catalogueOf(query, 'dev');
      const gone = before.filter((line) => !after.includes(line));
      const came = after.filter((line) => !before.includes(line));
      return [
        ...(await changedRows(query, 'dev')),
        ...gone.map((line) => `-${line}`),
        ...came.map((line) => `+${line}`),
      ];
    },
    command: (...words) =>
      runCommand(words, { MIGRATION_DATABASE_URL: database.url, TOKEN_KEYS: ring, TOKEN_KEY_ACTIVE: 'dev' }),
    close: async () => {
      for (const session of sessions) await session.close().catch(() => {});
      await client.end();
      await stack.close();
      await database.drop();
    },
  };
}

/** What the command has to make do with: rows held on to would soon be more. */
export const HEAP_MIB = 128;

/** Runs `npm run legacy` as npm does, without npm. */
export async function runCommand(words: readonly string[], settings: Record<string, string>): Promise<CommandResult> {
  const start = performance.now();
  const child = spawn(process.execPath, [resolve('scripts/legacy.ts'), ...words], {
    // Settings of this directory are not the test's.
    cwd: resolve('test/legacy'),
    env: { PATH: process.env['PATH'], TZ: 'Asia/Tokyo', NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err, peakMiB] = ['', '', null as number | null];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const watch = setInterval(() => (peakMiB = peakOf(child.pid) ?? peakMiB), 50);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearInterval(watch);
  return { code, out, err, peakMiB, seconds: (performance.now() - start) / 1000 };
}

/** The high-water mark of a process's resident memory. */
function peakOf(pid: number | undefined): number | null {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Math.round(Number(found[1]) / 1024) : null;
  } catch {
    return null;
  }
}
