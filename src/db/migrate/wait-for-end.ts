import type { MigrationFile } from './files.ts';
import { type JournalRow, requireJournal } from './journal.ts';
import { sleep } from './retry.ts';
import type { RunContext } from './run-context.ts';

/** A run needs this long at most between marking a file begun and having its statement on the server. */
const GRACE_SECONDS = 10;

/** Between the end of its statement and the record of it, a run is not seen at work: so many looks must agree. */
const QUIET_LOOKS = 8;
const LOOK_EVERY = 250;

/**
 * The journal, when no other run is at work on a no-transaction migration any more, so that runs started together all
 * end well. Where nobody is at work for two seconds, the migration broke off, and the caller will say so.
 */
export async function settledJournal(context: RunContext, files: readonly MigrationFile[]): Promise<JournalRow[]> {
  let said = false;
  for (let quiet = 0; ; quiet += 1) {
    const journal = await requireJournal(context.connection);
    const begun = journal.find(isBegun);
    if (begun === undefined || quiet === QUIET_LOOKS) return journal;
    const file = files.find(({ name }) => name === begun.name);
    if ((await beganJustNow(context, begun.name)) || (file !== undefined && (await isRunning(context, file)))) {
      if (!said) context.say(`${begun.name}: another run is at work on it; waiting`);
      said = true;
      quiet = -1;
    }
    await sleep(LOOK_EVERY);
  }
}

function isBegun(row: JournalRow): boolean {
  return row.appliedAt === null;
}

async function beganJustNow({ connection }: RunContext, name: string): Promise<boolean> {
  const rows = await connection.single({
    query: `select exists (select from gatehouse.migrations where name = $1 and applied_at is null
      and clock_timestamp() - started_at < make_interval(secs => $2::int)) as recent`,
    params: [name, String(GRACE_SECONDS)],
  });
  return rows[0]?.['recent'] === true;
}

/** Whether another session of this database is running the file's statement, or that of its down file, just now. */
export async function isRunning({ connection }: RunContext, file: MigrationFile): Promise<boolean> {
  // The server shows the first kilobyte of a statement, unless it was set to show less.
  const rows = await connection.single({
    query: `select exists (select from pg_stat_activity a where a.datname = current_database()
      and a.pid <> pg_backend_pid() and a.state = 'active'
      and left(a.query, 100) in (left($1, 100), left($2, 100))) as running`,
    params: [file.statements[0] ?? null, file.down?.statements[0] ?? null],
  });
  return rows[0]?.['running'] === true;
}
