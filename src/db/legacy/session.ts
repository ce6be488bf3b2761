import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

import { databaseRefusal } from '../migrate/errors.ts';
import { identifier } from '../migrate/quote.ts';
import { sleep } from '../migrate/retry.ts';
import { LegacyError } from './errors.ts';

/** A row by column name: text, numbers of 32 bits, booleans, nulls, lists of text. All else (jsonb, times) is text. */
export type Row = Record<string, unknown>;

/** One database session: statements after each other in it, so that a transaction can span them. */
export interface LegacySession {
  /** Runs one statement; parameters are text, numbers, booleans, nulls or lists of text. */
  query(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** What drivers would turn into objects, numbers that lose digits, or Dates that lose microseconds. */
const AS_TEXT: readonly number[] = [20, 114, 1082, 1114, 1184, 1700, 3802];
const asText = (value: string): string => value;
const PGLITE_PARSERS = Object.fromEntries(AS_TEXT.map((oid) => [oid, asText]));
const PG_TYPES = {
  getTypeParser: (oid: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary') =>
    AS_TEXT.includes(oid) ? asText : pg.types.getTypeParser(oid, format),
};

/** Opens a session over TCP, for this command alone. @throws LegacyError `legacy.unreachable` without the password */
export async function openSession(url: string): Promise<LegacySession> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'gatehouse legacy',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection lost between two statements is reported by the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    const reason = error instanceof Error && error.message !== '' ? error.message : 'the connection was refused';
    throw new LegacyError('legacy.unreachable', `Cannot connect to the database: ${reason}.`, { cause: error });
  }
  return { ...sessionOver(client), close: async () => client.end() };
}

/** A session over a client that somebody else opened, and closes. Queries wait for each other: the driver wants it so. */
export function sessionOver(client: pg.Client): LegacySession {
  let last: Promise<unknown> = Promise.resolve();
  const run = async (text: string, values: readonly unknown[]): Promise<Row[]> =>
    (await client.query<Row>({ text, values: [...values], types: PG_TYPES })).rows;
  return {
    query: async (text, values = []) => {
      const rows = last.then(async () => run(text, values));
      last = rows.catch(() => {});
      return rows;
    },
    close: async () => {},
  };
}

/** A session over an embedded PostgreSQL, which stays its owner's: nothing else may use it meanwhile. */
export function pgliteSession(database: PGlite): LegacySession {
  return {
    query: async (text, values = []) =>
      (await database.query<Row>(text, [...values], { parsers: PGLITE_PARSERS })).rows,
    close: async () => {},
  };
}

/** Rows that a policy hides raise an error instead of being left behind; names are written in full; texts are unambiguous. */
const SETTINGS = `select set_config('row_security', 'off', true), set_config('search_path', 'pg_catalog', true),
  set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true), set_config('statement_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '0', true)`;

/** Runs the work in one transaction: all of it happens, or nothing. */
export async function inTransaction<T>(
  session: LegacySession,
  work: () => Promise<T>,
  options: { readonly readOnly?: boolean } = {},
): Promise<T> {
  await session.query(`begin isolation level ${options.readOnly ? 'repeatable read, read only' : 'read committed'}`);
  try {
    await session.query(SETTINGS);
    const result = await work();
    await session.query('commit');
    return result;
  } catch (error) {
    await session.query('rollback').catch(() => {});
    throw error;
  }
}

/** One legacy command at a time in a database. Held until the transaction ends. @throws LegacyError `legacy.running` */
export async function takeRunLock(session: LegacySession): Promise<void> {
  const [row] = await session.query(`select pg_try_advisory_xact_lock(hashtext('gatehouse legacy')) as is_free`);
  if (row?.['is_free'] === true) return;
  throw new LegacyError('legacy.running', 'Another legacy command is under way in this database. Wait for its end.');
}

/** A table by schema and name. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** `"schema"."name"` */
export function qualified({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/**
 * Locks the tables until the transaction ends, so that nobody reads or writes them; and our users against writing.
 * @param lockTimeout longest wait for one of them, milliseconds: who waits longer blocks everyone who queues behind
 * @throws LegacyError `legacy.locked`; the whole transaction may be tried again
 */
export async function lockTables(
  session: LegacySession,
  tables: readonly TableName[],
  lockTimeout: number,
): Promise<void> {
  const names = [...new Set(tables.map(qualified))].toSorted();
  try {
    await session.query(`select set_config('lock_timeout', $1, true)`, [`${lockTimeout}ms`]);
    for (const name of names) await session.query(`lock table ${name} in access exclusive mode`);
    // Foreign keys are made to it in the end; it stays readable.
    await session.query('lock table public.users in share row exclusive mode');
    // Autovacuum would see none of our rows and tell the planner that the tables are empty.
    await session.query(
      'lock table public.oauth_connections, public.user_integrations, public.legacy_links in share update exclusive mode',
    );
  } catch (error) {
    throw lockError(error, lockTimeout);
  }
}

/** What a lock not had in time means to people; other errors stay themselves. */
export function lockError(error: unknown, lockTimeout: number): unknown {
  const sqlstate = databaseRefusal(error)?.sqlstate ?? '';
  if (!['55P03', '40P01'].includes(sqlstate)) return error;
  const message = `A table was in use for longer than ${lockTimeout} ms. Stop what uses it, or raise the lock timeout.`;
  return new LegacyError('legacy.locked', message, { cause: error });
}

/** Runs the work, which takes its locks first, again while they are not had in time. @throws LegacyError `legacy.locked` */
export async function withLockRetries<T>(work: () => Promise<T>, attempts: number): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !(error instanceof LegacyError) || error.code !== 'legacy.locked') throw error;
      // So that whoever waited behind us comes first.
      await sleep(Math.min(100 * 2 ** attempt, 2000));
    }
  }
}
