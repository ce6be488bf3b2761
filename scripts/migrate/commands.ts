import {
  applyMigrations,
  initialize,
  listMigrations,
  type MigrationConnection,
} from '../../src/db/migrate/index.ts';
import { type Arguments, textFlag, wholeNumber } from './arguments.ts';
import { connectTo, readLogins } from './connect.ts';
import { count, sqlLines, type Streams, table } from './output.ts';
import { requireSetting, type Settings } from './settings.ts';

/** One call of a command. */
export interface Call {
  readonly args: Arguments;
  readonly settings: Settings;
  readonly streams: Streams;
}

/** Runs the command and returns the exit code. */
export type Handler = (call: Call) => Promise<number>;

/** The command named on the command line. */
export const handlers: Readonly<Record<string, Handler>> = { init, list, push };

async function init(call: Call): Promise<number> {
  const timeout = wholeNumber(textFlag(call.args, 'login-statement-timeout'), { name: '--login-statement-timeout', least: 0 });
  const logins = readLogins(call.settings);
  return withOwner(call, async (connection) => {
    const result = await initialize({ connection, logins, loginStatementTimeout: timeout });
    const created = result.rolesCreated.length === 0 ? 'all roles were there' : `created ${result.rolesCreated.join(', ')}`;
    show(call, result, [`Prepared ${result.target}: ${created}.`, ...result.notes.map((note) => `Note: ${note}`)]);
    return 0;
  });
}

async function list(call: Call): Promise<number> {
  return withOwner(call, async (connection) => {
    const result = await listMigrations({ connection, directory: directory(call) });
    show(call, result, listLines(result, directory(call)));
    return 0;
  });
}

function listLines(result: Awaited<ReturnType<typeof listMigrations>>, from: string): string[] {
  const lines = [`Target: ${result.target}`];
  if (!result.initialized) lines.push('The database is not prepared yet. Run: npm run migrate:init');
  if (result.migrations.length === 0) return [...lines, `There are no migrations in ${from}, and none were applied.`];
  const rows = result.migrations.map(({ name, state, appliedAt }) => [name, state, appliedAt ?? '']);
  lines.push(...table([['MIGRATION', 'STATE', 'APPLIED AT'], ...rows]));
  const pending = result.migrations.filter(({ state }) => state === 'pending').length;
  const other = result.migrations.filter(({ state }) => state !== 'pending' && state !== 'applied').length;
  if (pending === 0 && other === 0) lines.push(`All ${count(result.migrations.length, 'migration')} applied.`);
  else lines.push(`${pending} pending${other === 0 ? '' : `, ${other} in the way: migrate:check says why`}.`);
  return lines;
}

async function push(call: Call): Promise<number> {
  return withOwner(call, async (connection) => {
    const result = await applyMigrations({
      ...runOptions(call, connection),
      retry: textFlag(call.args, 'retry'),
    });
    const lines = [`Target: ${result.target}`];
    if (result.planned !== null) {
      lines.push(...result.planned.flatMap((file) => sqlLines(file.name, file)));
      lines.push(`Dry run: ${count(result.planned.length, 'migration')} would be applied; nothing was changed.`);
    } else if (result.applied.length + result.appliedByOthers.length === 0) lines.push('Nothing is pending.');
    else lines.push(`Applied ${count(result.applied.length, 'migration')}.`);
    show(call, result, lines);
    return 0;
  });
}

/** Options that push and down share. */
export function runOptions(call: Call, connection: MigrationConnection) {
  const number = (flag: string, least: number): number | undefined =>
    wholeNumber(textFlag(call.args, flag), { name: `--${flag}`, least });
  return {
    connection,
    directory: directory(call),
    dryRun: call.args.flags['dry-run'] === true,
    lockTimeout: number('lock-timeout', 1),
    lockAttempts: number('lock-attempts', 1),
    statementTimeout: number('statement-timeout', 0),
    onProgress: call.streams.err,
  };
}

/** Runs the work on the owner's connection and closes it, whatever happens. */
export async function withOwner(call: Call, work: (connection: MigrationConnection) => Promise<number>): Promise<number> {
  for (const setting of call.args.command.settings) requireSetting(call.settings, setting);
  const connection = connectTo(call.settings, 'MIGRATION_DATABASE_URL', call.args.flags['direct'] === true);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Where the migrations are. */
export function directory(call: Call): string {
  return textFlag(call.args, 'dir') ?? 'drizzle';
}

/** The result: lines for people, or JSON for programs. */
export function show(call: Call, result: object, lines: readonly string[]): void {
  if (call.args.flags['json'] === true) call.streams.out(JSON.stringify(result, null, 2));
  else for (const line of lines) call.streams.out(line);
}
