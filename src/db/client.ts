import { neon, neonConfig } from '@neondatabase/serverless';
import type { BatchItem } from 'drizzle-orm/batch';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';

/** Builds statements. Nothing is sent until the list goes through `Connection.send`. */
export type Db = Omit<NeonHttpDatabase, 'batch' | 'transaction' | '$client'>;
/** One statement of a list. */
export type Statement = BatchItem<'pg'>;
/** The rows each statement of a list gives, in order. */
export type Results<T extends readonly Statement[]> = { [K in keyof T]: T[K]['_']['result'] };

/** One login of one database. */
export interface Connection {
  readonly db: Db;
  /** Sends the statements as one HTTP request, run in one transaction: all or none. */
  send<T extends readonly [Statement, ...Statement[]]>(statements: T): Promise<Results<T>>;
}

const DEADLINE_MS = 10_000;

// A request that never ends would hold the caller for ever. Longer than any statement_timeout, so that the database
// speaks first.
neonConfig.fetchFunction = (url: string, init: RequestInit) =>
  fetch(url, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) });

const connections = new Map<string, Connection>();

/**
 * The connection for a login's URL; kept, since it holds no socket and no request's state.
 * @param endpoint Neon's SQL-over-HTTP address, for local development; absent: Neon's own for the URL's host
 */
export function connect(url: string, endpoint: string | undefined): Connection {
  const known = connections.get(url);
  if (known) return known;
  if (endpoint) neonConfig.fetchEndpoint = endpoint;
  const database = drizzle({ client: neon(url) });
  const connection: Connection = {
    db: database,
    send: (statements) => database.batch(statements as never) as never,
  };
  connections.set(url, connection);
  return connection;
}

/** Whether no answer of the database came: the network failed, a proxy in between, or the deadline passed. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'NeonDbError') return false;
  return sourceOf(error) instanceof Error || /^Server error \(HTTP status 5\d\d\)/.test(error.message);
}

/** Whether sending the same list again can help: not after the deadline, which has taken the caller's patience. */
export function isNetworkError(error: unknown): boolean {
  const source = sourceOf(error);
  const hasTimedOut = source instanceof Error && (source.name === 'TimeoutError' || source.name === 'AbortError');
  return isUnreachable(error) && !hasTimedOut;
}

function sourceOf(error: unknown): unknown {
  return error instanceof Error && 'sourceError' in error ? error.sourceError : undefined;
}
