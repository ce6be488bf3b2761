import { neon, neonConfig } from '@neondatabase/serverless';
import type { BatchItem } from 'drizzle-orm/batch';
import { drizzle } from 'drizzle-orm/neon-http';
import type { Db, PlainStatement, Results, Statement } from './statement.ts';

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
  const client = neon(url);
  const connection: Connection = {
    db: drizzle({ client }),
    send: async (statements) => {
      const prepared = statements.map(prepare);
      const queries = prepared.map(({ text, params, arrayMode }) =>
        client.query(text, params as unknown[], { arrayMode, fullResults: true }),
      );
      const results = await client.transaction(queries as never, { fullResults: true });
      return (results as unknown[]).map((result, i) => prepared[i]?.read(result)) as never;
    },
  };
  connections.set(url, connection);
  return connection;
}

/** A statement ready to be sent, and how its result is read. */
interface Prepared {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly arrayMode: boolean;
  read(result: unknown): unknown;
}

/** The part of Drizzle's prepared query that its own `batch` uses. */
interface DrizzlePrepared {
  getQuery(): { sql: string; params: unknown[] };
  isResponseInArrayMode(): boolean;
  mapResult(result: unknown): unknown;
}

const preparedByDrizzle = new WeakMap<BatchItem<'pg'>, Prepared>();

/** What Drizzle's `batch` does, but plain statements pass, and a fixed statement is rendered once. */
function prepare(statement: Statement): Prepared {
  if (isPlain(statement)) return { ...statement, arrayMode: false, read: (result) => result };
  const known = preparedByDrizzle.get(statement);
  if (known) return known;
  const query = (statement as unknown as { _prepare(): DrizzlePrepared })._prepare();
  const { sql: text, params } = query.getQuery();
  const prepared = {
    text,
    params,
    arrayMode: query.isResponseInArrayMode(),
    read: (result: unknown) => query.mapResult(result),
  };
  preparedByDrizzle.set(statement, prepared);
  return prepared;
}

function isPlain(statement: Statement): statement is PlainStatement {
  return 'text' in statement && 'params' in statement;
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
