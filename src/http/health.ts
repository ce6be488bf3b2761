import { sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { connect } from '../db/client.ts';
import { firstValue } from '../db/rows.ts';
import journal from '../../drizzle/meta/_journal.json' with { type: 'json' };

/** What `/health` answers. */
export interface Health {
  readonly status: 'ok' | 'failing';
  readonly checks: {
    readonly database: 'ok' | 'unreachable';
    /** `behind` when the database lacks a migration of this build, or has one it does not know. */
    readonly migrations: 'ok' | 'behind' | 'unknown';
    /** `too_strong` when a login of the Worker could do more than enter the gate. */
    readonly role: 'ok' | 'too_strong' | 'unknown';
  };
}

const newest = journal.entries.at(-1)?.tag ?? null;

/** Asks the database by both logins: is it there, has it this build's migrations, are the logins weak enough. */
export async function checkHealth({ settings }: Context): Promise<Health> {
  const urls = [settings.databaseUrl, settings.serviceDatabaseUrl];
  try {
    const answers = await Promise.all(urls.map((url) => ask(connect(url, settings.neonSqlEndpoint))));
    const migrations = answers.every(({ migration }) => migration === newest) ? 'ok' : 'behind';
    const role = answers.some(({ problems }) => problems.length > 0) ? 'too_strong' : 'ok';
    const status = migrations === 'ok' && role === 'ok' ? 'ok' : 'failing';
    return { status, checks: { database: 'ok', migrations, role } };
  } catch {
    return { status: 'failing', checks: { database: 'unreachable', migrations: 'unknown', role: 'unknown' } };
  }
}

async function ask(connection: ReturnType<typeof connect>): Promise<{ migration: string | null; problems: string[] }> {
  const [rows] = await connection.send([connection.db.execute(sql`select gatehouse.health() as health`)]);
  return firstValue(rows, 'health');
}
