import type { Context } from '../context.ts';
import { connect } from '../db/client.ts';
import { firstValue, plain } from '../db/statement.ts';
import { connectedRoleQuery, readRoleFacts, roleProblems, WORKER_MEMBERSHIPS } from '../db/worker-role.ts';
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
export async function checkHealth({ settings, log }: Context): Promise<Health> {
  const logins = [
    { url: settings.databaseUrl, allowed: WORKER_MEMBERSHIPS.app },
    { url: settings.serviceDatabaseUrl, allowed: WORKER_MEMBERSHIPS.service },
  ];
  try {
    const answers = await Promise.all(logins.map((login) => ask(login, settings.neonSqlEndpoint)));
    const migrations = answers.every(({ migration }) => migration === newest) ? 'ok' : 'behind';
    const problems = answers.flatMap((answer) => answer.problems);
    for (const detail of problems) log({ event: 'health.role', level: 'error', detail });
    const role = problems.length > 0 ? 'too_strong' : 'ok';
    const status = migrations === 'ok' && role === 'ok' ? 'ok' : 'failing';
    return { status, checks: { database: 'ok', migrations, role } };
  } catch {
    return { status: 'failing', checks: { database: 'unreachable', migrations: 'unknown', role: 'unknown' } };
  }
}

/** One trip by one login, without the gate: what it asks anybody may know. */
async function ask(
  login: { readonly url: string; readonly allowed: readonly string[] },
  endpoint: string | undefined,
): Promise<{ migration: string | null; problems: string[] }> {
  const { send } = connect(login.url, endpoint);
  const [version, role] = await send([
    plain('select gatehouse.newest_migration() as migration'),
    plain(connectedRoleQuery),
  ]);
  const facts = readRoleFacts(role.rows);
  return {
    migration: firstValue<string | null>(version, 'migration'),
    problems: facts ? roleProblems(facts, login.allowed) : ['The login is not in the catalogue.'],
  };
}
