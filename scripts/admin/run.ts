import { printable, printableJson } from '../../src/lib/printable.ts';
import type { Settings } from '../migrate/settings.ts';
import { readCommandLine, UsageError } from '../support/command-line.ts';
import { type Call, commands, help, options } from './commands.ts';
import { Refusal } from './result.ts';
import { openTarget, sayWhatFailed } from './target.ts';

/**
 * Runs one command line. Results go to standard output, the target and notes to standard error.
 * @throws UsageError for what is wrong with the words or settings; Refusal for what was refused
 */
export async function runAdmin(words: readonly string[], environment: Settings): Promise<void> {
  const { values, positionals } = readCommandLine(help, options, [...words]);
  if (positionals.length === 0) return console.log(help.trim());
  try {
    await execute(positionals, values, environment);
  } catch (error) {
    const failure = sayWhatFailed(error);
    const code = failure instanceof Refusal ? failure.code : 'usage.invalid';
    if (values.json) console.log(printableJson({ error: { code, message: failure.message } }, 2));
    throw failure;
  }
}

async function execute(positionals: readonly string[], values: Call['flags'], environment: Settings): Promise<void> {
  const [name, argument] = readName(positionals);
  const command = commands[name];
  if (!command) throw new UsageError(`There is no command "${name}". Commands: ${Object.keys(commands).join(', ')}.`);
  const surplus = Object.keys(values).find((flag) => !general.has(flag) && !command.flags.includes(flag));
  if (surplus) throw new UsageError(`"${name}" has no option --${surplus}.`);
  if (command.argument && !argument) throw new UsageError(`"${name}" needs ${command.argument}.`);
  if (!command.argument && argument) throw new UsageError(`"${name}" does not take "${argument}".`);
  const run = command.prepare({ argument: argument ?? '', flags: values });
  const connection = openTarget(environment, values);
  try {
    console.error(`Target: ${connection.target}`);
    const { data, lines, notes = [] } = await run(connection);
    if (values.json) console.log(printableJson(data, 2));
    else for (const line of lines) console.log(printable(line));
    for (const note of notes) console.error(printable(note));
  } finally {
    await connection.close();
  }
}

/** Options that every command takes. */
const general = new Set(['json', 'dev', 'direct', 'help']);

/** The command's name, of two words where it is about tokens, and what stands behind it. */
function readName(positionals: readonly string[]): [name: string, argument: string | undefined] {
  const length = positionals[0] === 'token' ? 2 : 1;
  const surplus = positionals[length + 1];
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one word too many (--help lists what there is)`);
  return [positionals.slice(0, length).join(' '), positionals[length]];
}
