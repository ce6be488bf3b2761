/** What a legacy command found and did, for people and for `legacy_runs.report`. It names ids and columns, no values. */
import type { Slot } from './columns.ts';

/** One thing that stands in the way (`refusal`), or that somebody should know (`warning`). */
export interface Finding {
  /** `noun.state`, never renamed. */
  readonly code: string;
  readonly severity: 'refusal' | 'warning';
  readonly message: string;
  readonly count: number;
  /** Ids or names, at most five. */
  readonly examples: readonly string[];
}

export interface LegacyReport {
  readonly schema: string;
  readonly findings: readonly Finding[];
  /** Rows of the legacy table. */
  readonly users: number;
  /** Integrations made of each slot; in a dry run those that would be made. */
  readonly integrations: Readonly<Record<Slot, number>>;
  /** Rows in the vault. */
  readonly connections: number;
  /** Values sealed. */
  readonly sealed: number;
  /** By column: dates that could not be read, and became null. */
  readonly unreadableDates: Readonly<Record<string, number>>;
  /** How long it took. */
  readonly seconds?: number;
}

/** Where a command is: `done` of `total` in a step. */
export interface Progress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

/** Examples that are all there are, or the first few of many. */
type About = readonly string[] | { readonly examples: readonly string[]; readonly count: number };

/** What stands in the way, with its count and examples. */
export function refusal(code: string, message: string, about: About): Finding {
  return { code, severity: 'refusal', message, ...counted(about) };
}

/** Something to know, with its count and examples. */
export function warning(code: string, message: string, about: About): Finding {
  return { code, severity: 'warning', message, ...counted(about) };
}

function counted(about: About): Pick<Finding, 'count' | 'examples'> {
  const { examples, count } = 'count' in about ? about : { examples: about, count: about.length };
  return { count, examples: examples.slice(0, 5) };
}

/** One line for people. */
export function describeFinding({ code, message, count, examples }: Finding): string {
  const more = count > examples.length ? ', …' : '';
  return `${code} (${count}): ${message}${examples.length === 0 ? '' : ` [${examples.join(', ')}${more}]`}`;
}
