import { type Comparison, compareCatalogues, describeDrift } from './catalogue/compare.ts';
import { readCatalogue } from './catalogue/read.ts';
import { withShadow } from './catalogue/shadow.ts';
import type { MigrationConnection } from './connection.ts';
import { MigrationError } from './errors.ts';
import { invalidIndexAdvice, invalidIndexes } from './invalid-indexes.ts';
import { listMigrations } from './list.ts';
import { type MigrationStatus, statusProblems } from './status.ts';
import { readRoleFacts, roleProblems, WORKER_MEMBERSHIPS, workerRoleQuery } from '../worker-role.ts';

/** One of the Worker's logins, as `check` looks at it. */
export interface CheckedLogin {
  readonly name: string;
  /** Connects as that login, which proves its password too. Without it the role is looked at from outside. */
  readonly connection?: MigrationConnection;
}

export interface CheckOptions {
  readonly connection: MigrationConnection;
  readonly directory: string;
  readonly logins: { readonly app: CheckedLogin; readonly service: CheckedLogin };
  /** One line per step, for people. */
  readonly onProgress?: (line: string) => void;
}

/** One reason why the check fails. */
export interface CheckProblem {
  readonly kind: 'migration' | 'index' | 'drift' | 'role';
  readonly message: string;
}

export interface CheckResult {
  readonly target: string;
  readonly ok: boolean;
  readonly migrations: readonly MigrationStatus[];
  readonly problems: readonly CheckProblem[];
  /** What is no error but worth knowing. */
  readonly notes: readonly string[];
}

/**
 * Compares a database with the migrations on disk: states, INVALID indexes, drift against a fresh embedded PostgreSQL,
 * and the strength of the Worker's roles. Changes nothing.
 * @throws MigrationError `database.not_initialized`, `database.unreachable`, or what `readMigrations` throws.
 */
export async function checkMigrations(options: CheckOptions): Promise<CheckResult> {
  const { connection, directory } = options;
  const say = options.onProgress ?? (() => {});
  const { target, initialized, migrations } = await listMigrations({ connection, directory });
  if (!initialized)
    throw new MigrationError('database.not_initialized', `${target} is not prepared. Run: npm run migrate:init`);
  const problems: CheckProblem[] = migrationProblems(directory, migrations);
  const invalid = await invalidIndexes(connection);
  if (invalid.length > 0) problems.push({ kind: 'index', message: invalidIndexAdvice(invalid) });
  say('Looking at the roles of the Worker');
  for (const login of ['app', 'service'] as const) problems.push(...(await loginProblems(options, login)));
  const notes: string[] = [];
  if (statusProblems(directory, migrations).length > 0)
    notes.push('Drift was not looked for: first put the migrations in order.');
  else {
    say('Applying the migrations to a fresh embedded PostgreSQL, to compare');
    const { drift, others } = await compareWithShadow(options, migrations);
    problems.push(...drift.map((item): CheckProblem => ({ kind: 'drift', message: describeDrift(item) })));
    notes.push(...others.map((name) => `Not Gatehouse's: ${name}`));
  }
  return { target, ok: problems.length === 0, migrations, problems, notes };
}

function migrationProblems(directory: string, migrations: readonly MigrationStatus[]): CheckProblem[] {
  const pending = migrations
    .filter(({ state }) => state === 'pending')
    .map(({ name }) => `${directory}/${name}.sql is pending. Run: npm run migrate:push`);
  return [...statusProblems(directory, migrations).map(({ message }) => message), ...pending].map((message) => ({
    kind: 'migration',
    message,
  }));
}

async function compareWithShadow(
  { connection, directory, logins }: CheckOptions,
  migrations: readonly MigrationStatus[],
): Promise<Comparison> {
  // An empty name sorts before every file: nothing is applied.
  const upTo = migrations.findLast(({ state }) => state === 'applied')?.name ?? '';
  const names = { app: logins.app.name, service: logins.service.name };
  const expected = await withShadow({ directory, upTo, logins: names }, readCatalogue);
  return compareCatalogues(expected, await readCatalogue(connection));
}

async function loginProblems(options: CheckOptions, which: 'app' | 'service'): Promise<CheckProblem[]> {
  const { connection, logins } = options;
  const { name, connection: own } = logins[which];
  const setting = which === 'app' ? 'DATABASE_URL' : 'SERVICE_DATABASE_URL';
  const problem = (message: string): CheckProblem => ({ kind: 'role', message: `${setting}: ${message}` });
  try {
    const rows = await (own ?? connection).single({
      query: workerRoleQuery,
      params: [own === undefined ? name : null],
    });
    const facts = readRoleFacts(rows);
    if (facts === null) return [problem(`there is no role ${name}. Run: npm run migrate:init`)];
    const found = roleProblems(facts, WORKER_MEMBERSHIPS[which]);
    if (facts.role !== name) found.unshift(`it signs in as ${facts.role}, not as ${name}.`);
    const [owner] = await connection.single({ query: 'select current_database()::text as database' });
    if (facts.database !== owner?.['database']) {
      found.unshift(
        `it leads to database ${facts.database}, MIGRATION_DATABASE_URL to ${String(owner?.['database'])}.`,
      );
    }
    return found.map(problem);
  } catch (error) {
    if (own === undefined || !(error instanceof Error)) throw error;
    return [problem(`cannot connect as ${name}: ${error.message}`)];
  }
}
