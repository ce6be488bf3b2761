import type { MigrationConnection, RunOptions } from '../../src/db/migrate/index.ts';
import { type Arguments, textFlag, wholeNumber } from './arguments.ts';
import { connectTo } from './connect.ts';
import type { Streams } from './output.ts';
import { requireSetting, type Settings } from './settings.ts';

/** One call of a command. */
export interface Call {
  readonly args: Arguments;
  readonly settings: Settings;
  readonly streams: Streams;
}

/** Options that push, down and reset share. */
export function runOptions(call: Call, connection: MigrationConnection): RunOptions {
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
export async function withOwner(
  call: Call,
  work: (connection: MigrationConnection) => Promise<number>,
): Promise<number> {
  return withConnections(call, ['MIGRATION_DATABASE_URL'], async ([owner]) => {
    if (owner === undefined) throw new Error('a connection was lost on the way');
    return work(owner);
  });
}

/** Runs the work on connections to what the settings name, and closes them, whatever happens. */
export async function withConnections(
  call: Call,
  names: readonly string[],
  work: (connections: readonly MigrationConnection[]) => Promise<number>,
): Promise<number> {
  for (const setting of call.args.command.settings) requireSetting(call.settings, setting);
  const connections = names.map((name) => connectTo(call.settings, name, call.args.flags['direct'] === true));
  try {
    return await work(connections);
  } finally {
    for (const connection of connections) await connection.close();
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
