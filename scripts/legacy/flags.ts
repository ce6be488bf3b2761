import type { FinishOptions, NormalizeOptions, RollbackOptions, VerifyOptions } from '../../src/db/legacy/index.ts';
import { UsageError } from '../support/command-line.ts';
import { type CommandName, commandHelp, type OptionName } from './help.ts';

export interface Flags {
  readonly schema: string;
  readonly options: NormalizeOptions & VerifyOptions & RollbackOptions & FinishOptions;
}

type Values = Readonly<Partial<Record<OptionName | 'help', string | boolean>>>;

/**
 * The options of a command from its words.
 * @throws UsageError naming the option that is missing, malformed, or another command's
 */
export function readFlags(name: CommandName, values: Values): Flags {
  const known: readonly string[] = commandHelp[name].options;
  const surplus = Object.keys(values).find((option) => !known.includes(option) && option !== 'help');
  if (surplus !== undefined) throw new UsageError(`"${name}" has no option --${surplus} (--help lists what there is)`);
  const { schema } = values;
  if (typeof schema !== 'string' || schema === '')
    throw new UsageError('--schema is missing: the legacy schema, such as dev.');
  return {
    schema,
    options: {
      dryRun: flag(values, 'dry-run'),
      resume: flag(values, 'resume'),
      timeZone: text(values, 'time-zone'),
      keepPlain: flag(values, 'keep-plain'),
      dependents: dependents(text(values, 'dependents')),
      all: flag(values, 'all'),
      sample: number(values, 'sample'),
      acceptRemoved: flag(values, 'accept-removed'),
      lockTimeout: number(values, 'lock-timeout'),
      lockAttempts: number(values, 'lock-attempts'),
      batchSize: number(values, 'batch-size'),
    },
  };
}

/** What is not given is not there: it would be written down with the run. */
function flag(values: Values, name: OptionName): true | undefined {
  return values[name] === true ? true : undefined;
}

function text(values: Values, name: OptionName): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function number(values: Values, name: OptionName): number | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`--${name} must be a whole number from 1, not "${value}".`);
}

function dependents(value: string | undefined): 'refuse' | 'keep' | undefined {
  if (value === undefined || value === 'refuse' || value === 'keep') return value;
  throw new UsageError(`--dependents must be refuse or keep, not "${value}".`);
}
