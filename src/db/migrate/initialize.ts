import { databaseRefusal, describeRefusal, MigrationError } from './errors.ts';
import type { MigrationConnection, Statement } from './connection.ts';
import { type DatabaseState, readState } from './database-state.ts';
import { withoutDefaultPrivileges } from './default-privileges.ts';
import { journalDdl, takeLock } from './journal.ts';
import { identifier } from './quote.ts';
import { withRetries } from './retry.ts';
import { GROUP_ROLES, type Login, planRoles } from './roles.ts';

/** The Worker's two logins, as their connection strings name them. */
export interface WorkerLogins {
  readonly app: { readonly name: string; readonly password: string };
  readonly service: { readonly name: string; readonly password: string };
}

export interface InitializeOptions {
  readonly connection: MigrationConnection;
  readonly logins: WorkerLogins;
  /** The logins' `statement_timeout`, milliseconds. Default 10,000. */
  readonly loginStatementTimeout?: number;
}

export interface InitializeResult {
  readonly target: string;
  /** Roles that did not exist before. */
  readonly rolesCreated: readonly string[];
  /** What could not be done, and who can. Empty: all is as it should be. */
  readonly notes: readonly string[];
}

/** Two inits at once, perhaps of two databases of one cluster: the other was faster (duplicates), or they deadlocked. */
const CONCURRENT = ['42710', '42P06', '42P07', '23505', '40P01', '40001', '55P03'];

/**
 * Prepares a database: roles, schema, journal, and what PUBLIC may do. Idempotent, one atomic batch.
 * @throws MigrationError `role.unusable`, `setting.invalid`, `database.refused`, `database.unreachable`.
 */
export async function initialize(options: InitializeOptions): Promise<InitializeResult> {
  try {
    return await retried(options, false);
  } catch (error) {
    const refusal = databaseRefusal(error);
    if (refusal === null) throw error;
    if (/plaintext passwords/i.test(refusal.message)) return retried(options, true);
    throw new MigrationError(
      'database.refused',
      `${options.connection.target} refused init: ${describeRefusal(refusal)}.`,
      error,
    );
  }
}

/** The roles that stand for the two settings. */
export function workerLogins({ app, service }: WorkerLogins): Login[] {
  return [
    { ...app, setting: 'DATABASE_URL', memberOf: ['gatehouse_member'] },
    { ...service, setting: 'SERVICE_DATABASE_URL', memberOf: ['gatehouse_admin', 'gatehouse_system'] },
  ];
}

async function retried(options: InitializeOptions, plainPasswords: boolean): Promise<InitializeResult> {
  return withRetries(async () => attempt(options, plainPasswords), {
    attempts: 12,
    mayPass: ({ sqlstate, message }) => CONCURRENT.includes(sqlstate) || message.startsWith('tuple concurrently'),
  });
}

async function attempt(options: InitializeOptions, plainPasswords: boolean): Promise<InitializeResult> {
  const { connection, logins, loginStatementTimeout = 10_000 } = options;
  const wanted = workerLogins(logins);
  requireLogins(wanted);
  const names = wanted.map((login) => login.name);
  const state = await readState(connection, [...names, ...GROUP_ROLES]);
  requireUsable(connection, state);
  const roles = planRoles(
    { ...state.cluster, plainPasswords: plainPasswords || state.cluster.plainPasswords },
    wanted,
    loginStatementTimeout,
  );
  const defaults = await withoutDefaultPrivileges(connection);
  await connection.batch([
    ...takeLock({ lockTimeout: 5000, statementTimeout: 60_000 }),
    ...roles.statements,
    ...defaults.before,
    ...databaseStatements(state, names),
    ...defaults.after,
  ]);
  const notes = [...roles.notes, ...publicNotes(await readState(connection, []))];
  return { target: connection.target, rolesCreated: roles.created, notes };
}

function databaseStatements(state: DatabaseState, logins: readonly string[]): Statement[] {
  const roles = [...logins, ...GROUP_ROLES].map(identifier).join(', ');
  const queries: string[] = [];
  if (state.schemaOwner === null) queries.push('create schema gatehouse');
  if (!state.publicSchema) queries.push('create schema public');
  // Without IN SCHEMA: a schema's default privileges can only add to the global ones, never take away.
  if (state.functionsOpen) queries.push('alter default privileges revoke execute on functions from public');
  if (!state.publicMayConnect) {
    queries.push(`grant connect on database ${identifier(state.database)} to ${logins.map(identifier).join(', ')}`);
  }
  if (state.publicMayTemp) queries.push(`revoke temporary on database ${identifier(state.database)} from public`);
  if (state.publicMayCreate) queries.push('revoke create on schema public from public');
  queries.push(`grant usage on schema gatehouse to ${roles}`, `grant usage on schema public to ${roles}`);
  return [...queries.map((query) => ({ query })), ...journalDdl];
}

function publicNotes(state: DatabaseState): string[] {
  const notes: string[] = [];
  const name = identifier(state.database);
  if (state.publicMayTemp) {
    notes.push(
      `PUBLIC may still create temporary tables; let the database's owner run: revoke temporary on database ${name} from public`,
    );
  }
  if (state.publicMayCreate) {
    notes.push(
      'PUBLIC may still create in schema public; let its owner run: revoke create on schema public from public',
    );
  }
  return notes;
}

function requireLogins(logins: readonly Login[]): void {
  for (const { setting, name, password } of logins) {
    if (password !== '') continue;
    throw new MigrationError(
      'setting.invalid',
      `${setting} holds no password; init gives ${name} the one that stands there.`,
    );
  }
  const [app, service] = logins;
  if (app?.name !== service?.name) return;
  throw new MigrationError(
    'role.unusable',
    `DATABASE_URL and SERVICE_DATABASE_URL both name ${app?.name}; a member could then become system. Name two roles.`,
  );
}

function requireUsable(connection: MigrationConnection, { cluster, schemaOwner }: DatabaseState): void {
  if (cluster.version < 150_000) {
    throw new MigrationError(
      'database.refused',
      `${connection.target} is older than PostgreSQL 15, the oldest that Gatehouse runs on.`,
    );
  }
  if (schemaOwner !== null && schemaOwner !== cluster.owner) {
    throw new MigrationError(
      'database.refused',
      `Schema gatehouse belongs to ${schemaOwner}, and MIGRATION_DATABASE_URL names ${cluster.owner}. Migrate as ${schemaOwner}.`,
    );
  }
}
