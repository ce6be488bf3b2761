import type { JournalRow } from './journal.ts';
import { sleep } from './retry.ts';
import type { RunContext } from './run-context.ts';

/** A run needs this long at most between marking a file begun and having its statement on the server. */
const GRACE_SECONDS = 10;

/**
 * Waits while another run is at work on a no-transaction migration, so that runs started together all end well. Ends at
 * once where nobody is: that migration broke off, and the caller will say so.
 * @returns whether it waited, and the journal must be read again.
 */
export async function waitForEnd(context: RunContext, journal: readonly JournalRow[]): Promise<boolean> {
  const begun = journal.find((row) => row.appliedAt === null);
  if (begun === undefined || !(await isAlive(context, begun.name, GRACE_SECONDS))) return false;
  context.say(`${begun.name}: another run is at work on it; waiting`);
  while (await isAlive(context, begun.name, GRACE_SECONDS)) await sleep(250);
  return true;
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
