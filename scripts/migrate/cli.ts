import { databaseRefusal, describeRefusal, MigrationError } from '../../src/db/migrate/index.ts';
import { readArguments, UsageError } from './arguments.ts';
import { handlers } from './commands.ts';
import { helpText } from './commands-table.ts';
import type { Streams } from './output.ts';
import { loadSettings, type Settings } from './settings.ts';

/**
 * Runs one command line.
 * @param environment the process's environment; `.dev.vars` fills its gaps.
 * @returns the exit code: 0 done, 1 refused or problems found, 2 wrong arguments or settings.
 */
export async function runCli(words: readonly string[], environment: Settings, streams: Streams): Promise<number> {
  let json = false;
  try {
    const args = readArguments(words);
    if (args === null || args.help) {
      streams.out(helpText(args?.name));
      return 0;
    }
    json = args.flags['json'] === true;
    const handler = handlers[args.name];
    if (handler === undefined) throw new UsageError(`There is no command "${args.name}".`);
    return await handler({ args, settings: loadSettings(environment), streams });
  } catch (error) {
    const failure = failureOf(error);
    streams.err(failure.message);
    if (json) streams.out(JSON.stringify({ error: { code: failure.code, message: failure.message } }, null, 2));
    return failure.exitCode;
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return { code: 'usage.invalid', message: error.message, exitCode: 2 };
  if (error instanceof MigrationError) {
    const { code, message } = error;
    return { code, message, exitCode: code.startsWith('setting.') || code === 'name.invalid' ? 2 : 1 };
  }
  const refusal = databaseRefusal(error);
  if (refusal !== null) {
    return { code: 'database.refused', message: `The database refused: ${describeRefusal(refusal)}`, exitCode: 1 };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal.error', message: `Unexpected failure: ${message}`, exitCode: 1 };
}
