import { readCommandLine, UsageError } from '../scripts/support/command-line.ts';
import type { Effort } from './measure.ts';
import { rows } from './rows.ts';
import type { SweepPlan } from './sweep/sweep.ts';

export const help = `
npm run bench [-- options]

Measures the built Worker on the real workerd binary, with PostgreSQL behind the Neon-compatible
endpoint, beside bare Hono Workers that do the least there is to do. One workload at a time, in turn.
It reports; it never fails on a figure. About 30 minutes, or 7 with --quick.

  --quick              fewer and shorter rounds, 100 thousand users instead of a million, 2 thousand due
                       connections instead of 10, 5 start-ups
  --rows A,B           of: ${rows.map(({ name }) => name).join(', ')}
  --connections A,B    default 1,32,200
  --latency A,B        milliseconds added to each database round trip, default 0,10
  --rounds N           default 5
  --seconds S          measured time of a row in a round, default 3
  --consumers A,B      consumers of the sweep at a time, default 1,4,8
  --due N              connections that the sweep refreshes, default 10000; one run of cron takes 20000
  --skip A,B           of: load, scale, sweep, fairness, bundle, startup
  --only A,B           the same names
  --profile ROW        instead of all that: a CPU profile of one row, by package and function
  --postgres URL       superuser URL of a running server; it makes databases gatehouse_bench_… there.
                       Default: a private server from PG_BIN, /usr/lib/postgresql or PATH
  --pool N             connections that the endpoint keeps, default 256
  --many N             users of the large database, default 1000000
  --json FILE          write everything measured to FILE
  --write-docs         write the tables into docs/performance.md
`;

const parts = ['load', 'scale', 'sweep', 'fairness', 'bundle', 'startup'] as const;
export type Part = (typeof parts)[number];

export interface Options {
  readonly rows: readonly string[];
  readonly connections: readonly number[];
  readonly latencies: readonly number[];
  readonly effort: Effort;
  readonly sweep: Pick<SweepPlan, 'due' | 'consumers'>;
  readonly startups: number;
  readonly parts: ReadonlySet<Part>;
  readonly profile: string | undefined;
  readonly postgres: string | undefined;
  readonly pool: number;
  readonly manyUsers: number;
  readonly json: string | undefined;
  readonly writeDocs: boolean;
}

/**
 * Reads the command line.
 * @throws UsageError that names the flag and what it takes
 */
export function readOptions(words: string[]): Options {
  const { values, positionals } = readCommandLine(
    help,
    {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      connections: { type: 'string', default: '1,32,200' },
      latency: { type: 'string', default: '0,10' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      consumers: { type: 'string', default: '1,4,8' },
      due: { type: 'string' },
      skip: { type: 'string', default: '' },
      only: { type: 'string' },
      profile: { type: 'string' },
      postgres: { type: 'string' },
      pool: { type: 'string', default: '256' },
      many: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
    words,
  );
  if (positionals[0] !== undefined)
    throw new UsageError(`"${positionals[0]}" is not understood. (--help lists what there is)`);
  const names = rows.map(({ name }) => name);
  const quick = values.quick;
  const seconds = number('--seconds', values.seconds ?? (quick ? '1' : '3'), 1, 600);
  const skipped = choices('--skip', values.skip, parts);
  return {
    rows: values.rows === undefined ? names : choices('--rows', values.rows, names),
    connections: numbers('--connections', values.connections, 1, 1_000),
    latencies: numbers('--latency', values.latency, 0, 1_000),
    effort: {
      rounds: number('--rounds', values.rounds ?? (quick ? '3' : '5'), 1, 100),
      warmUpMs: quick ? 300 : 500,
      firstWarmUpMs: quick ? 2_000 : 5_000,
      measureMs: seconds * 1_000,
      maxRequests: 500_000,
    },
    sweep: {
      due: number('--due', values.due ?? (quick ? '2000' : '10000'), 1, 20_000),
      consumers: numbers('--consumers', values.consumers, 1, 250),
    },
    startups: quick ? 5 : 20,
    parts: new Set(
      (values.only === undefined ? parts : choices('--only', values.only, parts)).filter(
        (part) => !skipped.includes(part),
      ),
    ),
    profile: values.profile === undefined ? undefined : choices('--profile', values.profile, names)[0],
    postgres: values.postgres,
    pool: number('--pool', values.pool, 1, 10_000),
    manyUsers: number('--many', values.many ?? (quick ? '100000' : '1000000'), 1, 100_000_000),
    json: values.json,
    writeDocs: values['write-docs'],
  };
}

function number(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${flag} takes whole numbers from ${min} to ${max}, not "${text}".`);
}

function numbers(flag: string, text: string, min: number, max: number): number[] {
  return text.split(',').map((entry) => number(flag, entry.trim(), min, max));
}

function choices<T extends string>(flag: string, text: string, allowed: readonly T[]): T[] {
  const given = text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  return given.map((entry) => {
    const found = allowed.find((name) => name === entry);
    if (found === undefined) throw new UsageError(`${flag} takes ${allowed.join(', ')}, not "${entry}".`);
    return found;
  });
}
