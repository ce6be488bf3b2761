import { parseArgs } from 'node:util';

import { type Command, commands } from './commands-table.ts';

/** A mistake in how a command was called: exit code 2, and the message names the flag, argument or setting. */
export class UsageError extends Error {}

/** A command line, checked against the command's own flags. */
export interface Arguments {
  readonly name: string;
  readonly command: Command;
  readonly help: boolean;
  readonly argument: string | undefined;
  readonly flags: Readonly<Record<string, string | boolean>>;
}

/**
 * Reads the words behind `scripts/migrate.ts`. Null stands for a call for the general help.
 * @throws UsageError for an unknown command or flag, a missing or surplus argument.
 */
export function readArguments(words: readonly string[]): Arguments | null {
  const [name, ...rest] = words;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return null;
  const command = commands[name];
  if (command === undefined) {
    throw new UsageError(`There is no command "${name}". Commands: ${Object.keys(commands).join(', ')}.`);
  }
  const options = Object.fromEntries(Object.entries(command.flags).map(([flag, { type }]) => [flag, { type }]));
  const { tokens, positionals } = parseArgs({
    args: rest.filter((word) => word !== '--'),
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const flags: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    requireFlag(name, { flag: token.name, raw: token.rawName, value: token.value });
    flags[token.name] = token.value ?? true;
  }
  const help = flags['help'] === true;
  if (!help) requirePositionals(name, command, positionals);
  return { name, command, help, argument: positionals[0], flags };
}

function requireFlag(name: string, given: { flag: string; raw: string; value: string | undefined }): void {
  const { flag, raw, value } = given;
  if (flag === 'help' && value === undefined) return;
  const known = commands[name]?.flags ?? {};
  const spec = Object.hasOwn(known, flag) ? known[flag] : undefined;
  if (spec === undefined) {
    const list = Object.keys(known).map((key) => `--${key}`);
    throw new UsageError(`migrate:${name} has no option ${raw}. Options: ${[...list, '--help'].join(', ')}.`);
  }
  if (spec.type === 'string' && (value === undefined || value === '')) {
    throw new UsageError(`Option ${raw} needs a value: ${raw} ${spec.value ?? 'VALUE'}.`);
  }
  if (spec.type === 'boolean' && value !== undefined) throw new UsageError(`Option ${raw} takes no value.`);
}

function requirePositionals(name: string, command: Command, positionals: readonly string[]): void {
  const allowed = command.argument === undefined ? 0 : 1;
  const surplus = positionals[allowed];
  if (surplus !== undefined) throw new UsageError(`migrate:${name} does not take "${surplus}".`);
  if (command.argument !== undefined && positionals.length === 0) {
    throw new UsageError(`migrate:${name} needs ${command.argument.name}: ${command.argument.help}.`);
  }
}

/** The text of a string flag. */
export function textFlag(args: Arguments, flag: string): string | undefined {
  const value = args.flags[flag];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number from a flag or argument. */
export function wholeNumber(text: string | undefined, what: { name: string; least: number }): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= what.least) return value;
  throw new UsageError(`${what.name} must be a whole number from ${what.least}, not "${text}".`);
}
