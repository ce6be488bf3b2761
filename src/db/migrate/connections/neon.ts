import { neon, neonConfig } from '@neondatabase/serverless';

import { databaseRefusal, MigrationError } from '../errors.ts';
import { type DatabaseAddress, describeTarget, isLoopback, type MigrationConnection, type Row } from '../connection.ts';

/** Neon takes requests of 10 MiB; past it the answer is a bare 413. */
const REQUEST_LIMIT = 10 * 1024 * 1024;

/**
 * A connection over Neon's SQL-over-HTTP.
 * @param endpoint the address to post to instead of Neon's own; loopback alone, since the password goes there.
 */
export function connectNeon(address: DatabaseAddress, endpoint?: string): MigrationConnection {
  if (endpoint !== undefined) requireLoopback(endpoint);
  const sql = neon(address.url);
  return {
    target: describeTarget(address, endpoint === undefined ? 'HTTP' : `HTTP through ${endpoint}`),
    database: address.database,
    batch: async (statements) => {
      requireSize(statements);
      const queries = statements.map(({ query, params }) => sql.query(query, [...(params ?? [])]));
      const send = (): Promise<Row[][]> => sql.transaction(queries, { isolationLevel: 'ReadCommitted' });
      return reach(endpoint ?? address.host, through(endpoint, send));
    },
    single: async (statement) => {
      requireSize([statement]);
      // The query is sent when `then` is called; returned bare, that would be after the endpoint is put back.
      const query = sql.query(statement.query, [...(statement.params ?? [])]);
      return reach(
        endpoint ?? address.host,
        through(endpoint, () => query.then((rows): Row[] => rows)),
      );
    },
    close: async () => {},
  };
}

/** The driver's endpoint is global and read at the start of a call: set for that moment alone, no other caller sees it. */
function through<T>(endpoint: string | undefined, run: () => Promise<T>): Promise<T> {
  if (endpoint === undefined) return run();
  const before = neonConfig.fetchEndpoint;
  neonConfig.fetchEndpoint = endpoint;
  try {
    return run();
  } finally {
    neonConfig.fetchEndpoint = before;
  }
}

async function reach<T>(place: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (databaseRefusal(error) !== null) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      'database.unreachable',
      `No answer over HTTP from ${place}: ${reason}. A PostgreSQL server that is not Neon's is reached with --direct.`,
      error,
    );
  }
}

function requireSize(statements: readonly unknown[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(statements));
  if (bytes <= REQUEST_LIMIT) return;
  throw new MigrationError(
    'file.too_large',
    `The request would be ${bytes} bytes; Neon takes ${REQUEST_LIMIT}. Split the file.`,
  );
}

function requireLoopback(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && isLoopback(url.hostname)) return;
  throw new MigrationError(
    'setting.invalid',
    'NEON_SQL_ENDPOINT must be an http address on this machine (such as http://127.0.0.1:4444/sql): the password goes there.',
  );
}
