import type { ProfileReport } from '../profile.ts';
import { rows } from '../rows.ts';
import type { ScaleReport } from '../scale.ts';
import type { StartupReport } from '../startup.ts';
import type { Summary } from '../summary.ts';
import type { BundleReport } from '../support/bundle.ts';
import { median } from '../support/statistics.ts';
import { type Bar, describeBar } from './bars.ts';
import { count, ms, times } from './table.ts';

/** A titled table, for whichever form it is printed in. */
export interface Section {
  readonly title: string;
  /** How the figures came about. */
  readonly note?: string;
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** One table per latency and number of connections. */
export function loadSections(summaries: readonly Summary[]): Section[] {
  const groups = new Map<string, Summary[]>();
  for (const summary of summaries) {
    const title = `${summary.latency} ms database latency, ${summary.connections} connection${summary.connections === 1 ? '' : 's'}`;
    groups.set(title, [...(groups.get(title) ?? []), summary]);
  }
  return [...groups].map(([title, group]) => ({ title, head: LOAD_HEAD, lines: group.map(loadLine) }));
}

const LOAD_HEAD = [
  'row',
  'trips',
  'statements',
  'hops',
  'p50 ms',
  'p99 ms',
  'requests/s',
  'CPU ms',
  'p50 : floor',
  'req/s : floor',
  'CPU : floor',
  'req/s : batch',
  'CPU : batch',
  'endpoint CPU',
  'database CPU',
];

function loadLine(summary: Summary): string[] {
  const { trips, statements, hops, p50, p99, perSecond, cpu, toFloor, toBatchFloor } = summary;
  return [
    rows.find(({ name }) => name === summary.row)?.title ?? summary.row,
    count(trips),
    count(statements),
    count(hops),
    ms(p50),
    ms(p99),
    perSecond.toFixed(0),
    cpu.worker.toFixed(3),
    times(toFloor?.p50),
    times(toFloor?.perSecond),
    times(toFloor?.workerCpu),
    times(toBatchFloor?.perSecond),
    times(toBatchFloor?.workerCpu),
    cpu.neon.toFixed(3),
    cpu.postgres.toFixed(3),
  ];
}

export function scaleSection(reports: readonly ScaleReport[]): Section {
  const users = (value: number) => value.toLocaleString('en');
  return {
    title: 'Session check, few users and many (0 ms database latency)',
    head: ['connections', 'users', 'p50 ms', 'requests/s', 'p50 ratio', 'req/s ratio', 'CPU ratio'],
    lines: reports.flatMap(({ connections, few, many, ratio }) =>
      [few, many].map((measurement) => [
        String(connections),
        users(measurement.users),
        ms(median(measurement.rounds.map(({ p50 }) => p50))),
        median(measurement.rounds.map(({ measured, seconds }) => measured / seconds)).toFixed(0),
        ...(measurement === many ? [times(ratio.p50), times(ratio.perSecond), times(ratio.workerCpu)] : ['', '', '']),
      ]),
    ),
  };
}

const LARGEST = 20;

/** Who is in the bundle, and what each dependency costs with all it brings along. */
export function bundleSections({ gzipKiB, minifiedKiB, contributors, dependencies }: BundleReport): Section[] {
  const kiB = (value: number) => value.toFixed(1);
  return [
    {
      title: `Bundle: ${kiB(gzipKiB)} KiB gzip, ${kiB(minifiedKiB)} KiB minified`,
      note:
        `The ${LARGEST} largest. Gzip: by how much the bundle's gzip shrinks when that code, found by the source map, is ` +
        'cut out of it.',
      head: ['contributor', 'minified KiB', 'gzip KiB'],
      lines: contributors
        .slice(0, LARGEST)
        .map((weight) => [weight.name, kiB(weight.minifiedKiB), kiB(weight.gzipKiB)]),
    },
    {
      title: 'Bundle, by dependency',
      note: 'In the same way, each together with the packages that nothing else brings into the bundle.',
      head: ['dependency', 'minified KiB', 'gzip KiB', 'brings'],
      lines: dependencies.map((weight) => [
        weight.name,
        kiB(weight.minifiedKiB),
        kiB(weight.gzipKiB),
        gathered(weight.brings),
      ]),
    },
  ];
}

/** Package names, those of one scope as one: `@peculiar/* (3)`. */
function gathered(names: readonly string[]): string {
  const scopes = Map.groupBy(names, (name) => (name.startsWith('@') ? `${name.split('/')[0]}/*` : name));
  return [...scopes]
    .map(([scope, members]) => (members.length > 1 ? `${scope} (${members.length})` : members[0]))
    .join(', ');
}

export function startupSection({ activeMs, medianMs }: StartupReport): Section {
  const sorted = activeMs.toSorted((a, b) => a - b);
  return {
    title: `Start-up CPU (wrangler check startup, active time), ${activeMs.length} runs`,
    head: ['median ms', 'least', 'most'],
    lines: [[medianMs.toFixed(1), (sorted[0] ?? 0).toFixed(1), (sorted.at(-1) ?? 0).toFixed(1)]],
  };
}

export function barsSection(bars: readonly Bar[]): Section {
  return { title: 'Bars', head: ['bar', 'wanted', 'measured', ''], lines: bars.map(describeBar) };
}

export function profileSections({ row, requests, activeMicros, groups, functions }: ProfileReport): Section[] {
  const cells = (micros: number, percent: number) => [micros.toFixed(1), `${percent.toFixed(1)} %`];
  const title = `Where the CPU of "${row}" goes: ${activeMicros.toFixed(0)} µs per request, profiler included (${requests} requests)`;
  return [
    {
      title,
      head: ['package or folder', 'µs', 'share'],
      lines: groups.map(({ name, micros, percent }) => [name, ...cells(micros, percent)]),
    },
    {
      title: 'Functions by self time',
      head: ['function', 'µs', 'share', 'where'],
      lines: functions
        .slice(0, 25)
        .map(({ name, micros, percent, place }) => [name || '(anonymous)', ...cells(micros, percent), place]),
    },
  ];
}
