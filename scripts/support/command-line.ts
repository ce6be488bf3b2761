import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { printableLines } from '../../src/lib/printable.ts';

/** A mistake of the person at the keyboard: printed as one line, without a stack, exit code 2. */
export class UsageError extends Error {}

/**
 * Reads a command's words. `--help` prints `help` and ends the process; an unknown flag is refused by its name.
 * @returns the values and positional words, as `node:util`'s `parseArgs` gives them.
 */
export function readCommandLine<T extends ParseArgsOptionsConfig>(
  help: string,
  options: T,
  words = process.argv.slice(2),
) {
  try {
    const parsed = parseArgs({
      args: words,
      options: { ...options, help: { type: 'boolean', short: 'h' } } as T & { help: { type: 'boolean'; short: 'h' } },
      allowPositionals: true,
    });
    if ((parsed.values as { help?: boolean }).help) {
      process.stdout.write(`${help.trim()}\n`);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (--help lists what there is)`);
  }
}

/** Runs a command: a `UsageError` or a failure becomes one clear line on stderr and a non-zero exit. */
export async function main(run: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    process.stderr.write(`${printableLines(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('. ')[0] ?? message;
}
