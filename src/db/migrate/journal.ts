import { databaseRefusal, MigrationError } from './errors.ts';
import type { MigrationConnection, Row, Statement } from './connection.ts';

/** One row of gatehouse.migrations. Times are ISO 8601, UTC. */
export interface JournalRow {
  readonly name: string;
  readonly predecessor: string | null;
  readonly checksum: string;
  readonly startedAt: string;
  /** Null while a no-transaction file is begun and not known to have ended. */
  readonly appliedAt: string | null;
}

/** How long a migration may wait for a lock, and a statement may run, in milliseconds; 0 is for ever. */
export interface Limits {
  readonly lockTimeout: number;
  readonly statementTimeout: number;
}

/** Any number will do, as long as it never changes and the application takes no advisory lock of its own. */
const LOCK_KEY = '4720301122';

/** 16 bits for the statement, the rest for the run: see `markProgress`. */
const STATEMENTS_PER_RUN = 65_536;

/** What `initialize` creates. The predecessor makes the journal a chain: two runs cannot both extend the same end. */
export const journalDdl: readonly Statement[] = [
  {
    query: `create table if not exists gatehouse.migrations (
      name text primary key,
      predecessor text unique nulls not distinct references gatehouse.migrations (name),
      checksum text not null,
      started_at timestamptz not null default clock_timestamp(),
      applied_at timestamptz
    )`,
  },
  { query: 'create sequence if not exists gatehouse.migrations_progress' },
];

/**
 * What every batch begins with: limits, a fixed search path, then the lock. It is a transaction-level lock: a session
 * would outlive the request in Neon's pool. The journal statement must come second: the batch was decided before the
 * lock was had, and only its keys notice that another run was faster.
 */
export function takeLock(limits: Limits): Statement[] {
  return [
    {
      query: `select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
        set_config('search_path', 'public', true)`,
      params: [`${limits.lockTimeout}ms`, `${limits.statementTimeout}ms`],
    },
    { query: 'select pg_advisory_xact_lock($1::bigint)', params: [LOCK_KEY] },
  ];
}

/** Records a migration. Fails with 23505 or 23503 if the journal is not as this run saw it. */
export function recordApplied(
  row: { name: string; predecessor: string | null; checksum: string },
  finished = true,
): Statement {
  return {
    query: `insert into gatehouse.migrations (name, predecessor, checksum, applied_at)
      values ($1, $2, $3, case when $4::boolean then clock_timestamp() end)`,
    params: [row.name, row.predecessor, row.checksum, String(finished)],
  };
}

/** Ends a no-transaction migration. */
export function recordFinished(name: string): Statement {
  return {
    query: 'update gatehouse.migrations set applied_at = clock_timestamp() where name = $1 and applied_at is null',
    params: [name],
  };
}

/** Marks an applied migration as begun again: what a no-transaction down file does first. Fails with 22012 if it is gone. */
export function recordReopened(name: string): Statement {
  return exactlyOne(
    'update gatehouse.migrations set started_at = clock_timestamp(), applied_at = null where name = $1 and applied_at is not null',
    name,
  );
}

/** Forgets a migration. Fails with 22012 if another run was faster, and with 23503 if it is not the last. */
export function recordRolledBack(name: string): Statement {
  return exactlyOne('delete from gatehouse.migrations where name = $1', name);
}

/** A batch cannot branch, so "no such row" must be an error: dividing by the number of rows changed makes it one. */
function exactlyOne(change: string, name: string): Statement {
  return { query: `with changed as (${change} returning 1) select 1 / count(*) from changed`, params: [name] };
}

/** A number of this run, to recognise its progress by. */
export function newRun(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/**
 * Notes which statement comes next. A sequence keeps its value when the transaction is rolled back, so after a failure
 * `failedStatement` can say where it was: over HTTP the error of a batch does not.
 */
export function markProgress(run: number, statement: number): Statement {
  return {
    query: `select setval('gatehouse.migrations_progress', $1::bigint)`,
    params: [String(run * STATEMENTS_PER_RUN + Math.min(statement, STATEMENTS_PER_RUN - 1))],
  };
}

/** The statement (from 1) at which the run failed; null if it failed before the first, or another run came since. */
export async function failedStatement(connection: MigrationConnection, run: number): Promise<number | null> {
  const rows = await connection.single({
    query: 'select last_value::text as value from gatehouse.migrations_progress',
  });
  const value = Number(rows[0]?.['value']);
  if (Math.floor(value / STATEMENTS_PER_RUN) !== run) return null;
  return value % STATEMENTS_PER_RUN;
}

/** The journal in the order of its names, or null where `initialize` has not been run. */
export async function readJournal(connection: MigrationConnection): Promise<JournalRow[] | null> {
  const time = (column: string): string =>
    `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;
  try {
    const rows = await connection.single({
      query: `select name, predecessor, checksum, ${time('started_at')}, ${time('applied_at')} from gatehouse.migrations`,
    });
    return rows.map(journalRow).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const sqlstate = databaseRefusal(error)?.sqlstate;
    if (sqlstate === '42P01' || sqlstate === '3F000') return null;
    if (sqlstate === '42501') {
      throw new MigrationError(
        'database.refused',
        `${connection.target} may not read gatehouse.migrations: MIGRATION_DATABASE_URL must name the role that owns it.`,
        error,
      );
    }
    throw error;
  }
}

/** The journal, where it must exist. */
export async function requireJournal(connection: MigrationConnection): Promise<JournalRow[]> {
  const rows = await readJournal(connection);
  if (rows !== null) return rows;
  throw new MigrationError(
    'database.not_initialized',
    `${connection.target} has no table gatehouse.migrations. Run: npm run migrate:init`,
  );
}

function journalRow(row: Row): JournalRow {
  const text = (key: string): string | null => (typeof row[key] === 'string' ? row[key] : null);
  return {
    name: text('name') ?? '',
    predecessor: text('predecessor'),
    checksum: text('checksum') ?? '',
    startedAt: text('started_at') ?? '',
    appliedAt: text('applied_at'),
  };
}
