/**
 * Neon's SQL over HTTP for local development: what `@neondatabase/serverless` talks to, on PGlite or
 * in front of a PostgreSQL server.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { takeDirectory } from './data-directory.ts';
import { createSqlServer } from './http-server.ts';
import type { Stats } from './http-server.ts';
import { parseServerAddress } from './server-address.ts';
import type { Backend } from './types.ts';

export interface NeonLocalOptions {
  /** 0, the default: any free port */
  port?: number;
  /** directory of PGlite's data; undefined: a temporary one, removed on close */
  data?: string;
  /**
   * URL of a PostgreSQL server instead of PGlite. Its host, port and database are used; user and
   * password are those of each request's connection string.
   */
  postgres?: string;
  /** milliseconds added to each round trip */
  latency?: number;
  /** connections kept open between requests, on a server; 20 by default, as Neon's proxy does */
  pool?: number;
  /** milliseconds a statement may take on PGlite when no statement_timeout is set; 60,000 by default */
  statementTimeoutMs?: number;
}

export interface NeonLocal {
  /** `http://127.0.0.1:PORT/sql`, for `neonConfig.fetchEndpoint` */
  url: string;
  port: number;
  stats(): Stats;
  resetStats(): void;
  /** Ends the requests that run, closes the database and removes temporary data. */
  close(): Promise<void>;
}

/**
 * Starts the endpoint on 127.0.0.1.
 * @throws Error that says what is wrong: a directory in use (and by whom), a port taken, options that
 * exclude each other
 */
export async function startNeonLocal(options: NeonLocalOptions = {}): Promise<NeonLocal> {
  checkOptions(options);
  const opened = await openBackend(options);
  const { backend } = opened;
  const stats: Stats = { roundTrips: 0, statements: 0 };
  const server = createSqlServer({ backend, stats, latency: options.latency ?? 0 });
  try {
    await listen(server, options.port ?? 0);
  } catch (error) {
    await backend.close();
    await opened.release();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}/sql`,
    port,
    stats: () => ({ ...stats }),
    resetStats: () => void Object.assign(stats, { roundTrips: 0, statements: 0 }),
    close: () => (closed ??= shutDown(server, opened)),
  };
}

function checkOptions({ data, postgres, port, latency, pool }: NeonLocalOptions): void {
  if (data !== undefined && postgres !== undefined) {
    throw new Error('choose either a data directory or a PostgreSQL server, not both');
  }
  checkWhole('port', port, 65_535);
  checkWhole('latency', latency, 60_000);
  checkWhole('pool', pool, 10_000);
}

function checkWhole(name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
  throw new Error(`${name} must be a whole number from 0 to ${max}`);
}

interface Opened {
  backend: Backend;
  /** gives back the directory */
  release: () => Promise<void>;
}

async function openBackend(options: NeonLocalOptions): Promise<Opened> {
  if (options.postgres !== undefined) {
    // Loaded on demand: who works on PGlite needs no driver, and the other way round.
    const { PostgresBackend } = await import('./postgres-backend.ts');
    const target = { ...parseServerAddress(options.postgres), pool: options.pool ?? 20 };
    return { backend: new PostgresBackend(target), release: async () => {} };
  }
  const { PgliteBackend } = await import('./pglite-backend.ts');
  const defaultLimit = options.statementTimeoutMs ?? 60_000;
  const temporary = options.data === undefined;
  const open = (dataDir: string) => PgliteBackend.open({ dataDir, temporary, defaultLimit });
  const create = async (dataDir: string): Promise<void> => (await open(dataDir)).close();
  const { dataDir, release } = await takeDirectory(options.data, create);
  try {
    return { backend: await open(dataDir), release };
  } catch (error) {
    await release();
    throw error;
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken`) : error);
    });
    server.listen(port, '127.0.0.1', done);
  });
}

async function shutDown(server: Server, { backend, release }: Opened): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  try {
    await backend.close();
  } finally {
    server.closeAllConnections();
    await closed;
    await release();
  }
}
