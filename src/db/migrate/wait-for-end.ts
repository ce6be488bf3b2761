import { type JournalRow, requireJournal } from './journal.ts';
import { sleep } from './retry.ts';
import type { RunContext } from './run-context.ts';

/** A run needs this long at most between marking a file begun and having its statement on the server. */
const GRACE_SECONDS = 10;

/**
 * The journal, when no other run is at work on a no-transaction migration any more, so that runs started together all
 * end well. Does not wait where nobody is at work: that migration broke off, and the caller will say so.
 */
export async function settledJournal(context: RunContext): Promise<JournalRow[]> {
  let said = false;
  for (;;) {
    const journal = await requireJournal(context.connection);
    const begun = journal.find(isBegun);
    if (begun === undefined) return journal;
    if (await isAlive(context, begun.name, GRACE_SECONDS)) {
      if (!said) context.say(`${begun.name}: another run is at work on it; waiting`);
      said = true;
      await sleep(250);
      continue;
    }
    // It may have ended between the two looks: only the same answer twice says that it broke off.
    const again = await requireJournal(context.connection);
    if (again.find(isBegun)?.name === begun.name) return again;
  }
}

function isBegun(row: JournalRow): boolean {
  return row.appliedAt === null;
}

/**
 * Whether a begun migration has not ended, and either began less than `grace` seconds ago or some session of this
 * database is running a statement of the kind that such files hold.
 */
export async function isAlive({ connection }: RunContext, name: string, grace: number): Promise<boolean> {
  const rows = await connection.single({
    query: `select exists (select from gatehouse.migrations where name = $1 and applied_at is null
        and (clock_timestamp() - started_at < make_interval(secs => $2::int) or exists (
          select from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()
            and a.state = 'active' and a.query ~* '(concurrently|vacuum|reindex)'))) as alive`,
    params: [name, String(grace)],
  });
  return rows[0]?.['alive'] === true;
}
