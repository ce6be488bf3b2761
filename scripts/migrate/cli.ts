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
  try {
    const args = readArguments(words);
    if (args === null || args.help) {
      streams.out(helpText(args?.name));
      return 0;
    }
    const handler = handlers[args.name];
    if (handler === undefined) throw new UsageError(`There is no command "${args.name}".`);
    return await handler({ args, settings: loadSettings(environment), streams });
  } catch (error) {
    return report(error, streams);
  }
}

function report(error: unknown, streams: Streams): number {
  if (error instanceof UsageError) {
    streams.err(error.message);
    return 2;
  }
  if (error instanceof MigrationError) {
    streams.err(error.message);
    return error.code.startsWith('setting.') || error.code === 'name.invalid' ? 2 : 1;
  }
  const refusal = databaseRefusal(error);
  const message = error instanceof Error ? error.message : String(error);
  streams.err(refusal === null ? `Unexpected failure: ${message}` : `The database refused: ${describeRefusal(refusal)}`);
  return 1;
}
