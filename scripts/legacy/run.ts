import {
  finish,
  LegacyError,
  type LegacyErrorCode,
  normalize,
  openSession,
  type Progress,
  rollback,
  verify,
} from '../../src/db/legacy/index.ts';
import { databaseRefusal, isLoopback, MigrationError, parseAddress } from '../../src/db/migrate/index.ts';
import { parseKeyRing, SettingError } from '../../src/lib/keys.ts';
import { printable, printableJson, printableLines } from '../../src/lib/printable.ts';
import { createSealer, type Sealer } from '../../src/lib/sealing.ts';
import { UsageError as SettingsError } from '../migrate/arguments.ts';
import { loadSettings, requireSetting, type Settings } from '../migrate/settings.ts';
import { readCommandLine, UsageError } from '../support/command-line.ts';
import { readFlags, type Flags } from './flags.ts';
import { type CommandName, commandHelp, helpText, isCommand, options } from './help.ts';
import { finishLines, findingLines, normalizeLines, rollbackLines, verifyLines } from './output.ts';
import { progressPrinter } from './progress.ts';

/** What a command gives: for programs, for people, and the exit code. */
interface Outcome {
  readonly data: object;
  readonly lines: readonly string[];
  readonly exitCode?: number;
}

/**
 * Runs one command line. Results go to standard output; the target, progress and refusals to standard error.
 * @returns the exit code
 * @throws UsageError for what is wrong with the words or settings
 */
export async function runLegacy(words: readonly string[], environment: Settings): Promise<number> {
  const { values, positionals } = readCommandLine(helpText(words.find(isCommand)), options, [...words]);
  const [name] = positionals;
  if (name === undefined) {
    console.log(helpText(name));
    return 0;
  }
  if (!isCommand(name)) {
    throw new UsageError(`There is no command "${name}". Commands: ${Object.keys(commandHelp).join(', ')}.`);
  }
  if (positionals[1] !== undefined) throw new UsageError(`"${name}" does not take "${positionals[1]}".`);
  try {
    const outcome = await execute(name, readFlags(name, values), environment);
    if (values.json) console.log(printableJson(outcome.data, 2));
    else for (const line of outcome.lines) console.log(printable(line));
    return outcome.exitCode ?? 0;
  } catch (error) {
    return refuse(error, values.json === true);
  }
}

async function execute(name: CommandName, flags: Flags, environment: Settings): Promise<Outcome> {
  const { url, sealer } = readSettings(environment);
  const target = new URL(url);
  console.error(`Target: ${target.username}@${target.host}${target.pathname}, schema ${flags.schema}`);
  const session = await openSession(url);
  const printer = progressPrinter((line) => console.error(printable(line)));
  const onProgress = (progress: Progress): void => printer.show(progress);
  try {
    return await commands[name]({ session, schema: flags.schema, sealer, onProgress }, flags);
  } finally {
    await session.close();
  }
}

type Call = Parameters<typeof verify>[0];

const commands: Readonly<Record<CommandName, (call: Call, flags: Flags) => Promise<Outcome>>> = {
  normalize: async (call, { options: given }) => {
    const data = await normalize({ ...call, options: given });
    return { data, lines: normalizeLines(data) };
  },
  verify: async (call, { options: given }) => {
    const data = await verify({ ...call, options: given });
    return { data, lines: verifyLines(data), exitCode: data.isComplete ? 0 : 1 };
  },
  rollback: async (call, { options: given }) => {
    const data = await rollback({ ...call, options: given });
    return { data, lines: rollbackLines(data) };
  },
  finish: async (call, { options: given }) => {
    const data = await finish({ ...call, options: given });
    return { data, lines: finishLines(data) };
  },
};

/** @throws UsageError naming the setting */
function readSettings(environment: Settings): { url: string; sealer: Sealer } {
  const settings = loadSettings(environment);
  try {
    const { url } = parseAddress('MIGRATION_DATABASE_URL', requireSetting(settings, 'MIGRATION_DATABASE_URL'));
    const endpoint = settings['NEON_SQL_ENDPOINT'];
    if (endpoint && isLoopback(new URL(url).hostname) && new URL(url).port === '') {
      throw new UsageError(
        'This command needs a session over TCP, which the endpoint of NEON_SQL_ENDPOINT has none of: ' +
          'name the PostgreSQL server itself in MIGRATION_DATABASE_URL, with its port, or unset NEON_SQL_ENDPOINT.',
      );
    }
    return {
      url,
      sealer: createSealer(parseKeyRing('TOKEN_KEYS', settings['TOKEN_KEYS'], settings['TOKEN_KEY_ACTIVE'])),
    };
  } catch (error) {
    if (error instanceof SettingsError || error instanceof MigrationError) throw new UsageError(error.message);
    if (error instanceof SettingError)
      throw new UsageError(`${error.message.startsWith(error.setting) ? '' : `${error.setting} `}${error.message}.`);
    throw error;
  }
}

/** Prints a refusal as a person can act on it, and as a program can read it. */
function refuse(error: unknown, isJson: boolean): number {
  if (error instanceof UsageError) {
    if (isJson) console.log(printableJson({ error: { code: 'usage.invalid', message: error.message } }, 2));
    throw error;
  }
  const { code, message } = failureOf(error);
  const report = error instanceof LegacyError ? error.report : undefined;
  if (isJson) console.log(printableJson({ error: { code, message, report } }, 2));
  console.error(report ? `Refused; nothing was changed.` : printableLines(message));
  if (report) for (const line of findingLines(report.findings)) console.error(printable(line));
  return code === 'legacy.option_invalid' ? 2 : 1;
}

type FailureCode = LegacyErrorCode | 'database.refused' | 'internal.error';

function failureOf(error: unknown): { code: FailureCode; message: string } {
  if (error instanceof LegacyError) return { code: error.code, message: error.message };
  const refusal = databaseRefusal(error);
  // The detail of an error may show a row, with its tokens.
  if (refusal)
    return { code: 'database.refused', message: `The database refused: ${refusal.message} (${refusal.sqlstate}).` };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal.error', message: `Unexpected failure: ${message}. Nothing was changed.` };
}
