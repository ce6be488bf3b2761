import { databaseRefusal, describeRefusal, MigrationError } from './errors.ts';
import type { MigrationConnection } from './connection.ts';
import type { SqlFile } from './files.ts';
import { failedStatement } from './journal.ts';
import type { RunContext } from './run-context.ts';

/** The error to throw for a file whose batch failed: which file, which statement, what to do. */
export async function explainFailure(
  context: RunContext,
  failure: { file: SqlFile; run: number; error: unknown },
): Promise<unknown> {
  const { file, run, error } = failure;
  const refusal = databaseRefusal(error);
  if (refusal === null) return lostAnswer(file, error);
  const statement = await failedStatement(context.connection, run).catch(() => null);
  const where = statement === null ? file.path : `${file.path}, statement ${statement} of ${file.statements.length}`;
  if (refusal.sqlstate === '55P03') {
    const waited = `after ${context.lockAttempts} tries of ${context.limits.lockTimeout} ms`;
    const holder =
      statement === null ? await lockHolder(context.connection) : 'a table it needs is in use by a long transaction';
    return new MigrationError(
      'migration.locked',
      `${where}: no lock ${waited}: ${holder}. Nothing of it was done; try again later.`,
      error,
    );
  }
  if (refusal.sqlstate === '57014') {
    const limit = `${context.limits.statementTimeout} ms`;
    return new MigrationError(
      'migration.failed',
      `${where} was cancelled (statement timeout ${limit}). Nothing of it was done. Split the work, or allow longer with --statement-timeout.`,
      error,
    );
  }
  const advice =
    refusal.sqlstate === '25001' ? ' If it must: one statement in a file whose first line is "-- no-transaction".' : '';
  return new MigrationError(
    'migration.failed',
    `${where} failed: ${describeRefusal(refusal)}. Nothing of this file was done.${advice}`,
    error,
  );
}

function lostAnswer(file: SqlFile, error: unknown): unknown {
  if (!(error instanceof MigrationError) || error.code !== 'database.unreachable') return error;
  return new MigrationError(
    error.code,
    `${file.path}: ${error.message} Whether it was done is not known; migrate:list shows it.`,
    error.cause,
  );
}

/** Who holds the migration lock, as far as the server tells this role. */
async function lockHolder(connection: MigrationConnection): Promise<string> {
  const rows = await connection
    .single({
      query: `select string_agg(format('process %s%s since %s', l.pid,
          case when a.application_name <> '' then format(' (%s)', a.application_name) end,
          to_char(a.xact_start at time zone 'UTC', 'HH24:MI:SS "UTC"')), ', ') as holder
        from pg_locks l left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.pid <> pg_backend_pid()
          and l.database = (select oid from pg_database where datname = current_database())`,
    })
    .catch(() => []);
  const holder = rows[0]?.['holder'];
  return `another migration run holds the lock${typeof holder === 'string' ? ` (${holder})` : ''}`;
}
