import type { StartupReport } from '../startup.ts';
import type { Summary } from '../summary.ts';
import { FRESH_TOKEN, SESSION, TOKEN } from '../rows.ts';
import type { BundleReport } from '../support/bundle.ts';
import type { FairnessRun } from '../fairness/fairness.ts';
import { BATCH, WIDTH } from '../sweep/model.ts';
import type { SweepRun } from '../sweep/run.ts';

/**
 * The most that the Worker's bundle may weigh in gzip, in KiB (of 1024 bytes). 250 until passkeys came:
 * `@simplewebauthn/server` costs 92 KiB, most of it the X.509 and ASN.1 by which it verifies attestations of every
 * format; `oauth4webapi` costs 9. 330 until the vault came: 22, most of it our own. 360 until a report ("this wasn't me")
 * listed what it undoes, and calls remembered their keys: 6, our own.
 */
export const BUNDLE_LIMIT_KIB = 370;

/** A figure the project holds itself to. */
export interface Bar {
  readonly name: string;
  readonly limit: number;
  readonly kind: 'at most' | 'at least';
  readonly unit: string;
  readonly measured: number;
  readonly isMet: boolean;
}

export interface Findings {
  readonly summaries: readonly Summary[];
  readonly bundle: BundleReport | undefined;
  readonly startup: StartupReport | undefined;
  readonly sweep: readonly SweepRun[];
  readonly fairness: readonly FairnessRun[];
}

/** Every bar that the findings say something about. */
export function judge({ summaries, bundle, startup, sweep, fairness }: Findings): Bar[] {
  const find = (row: string, latency: number, connections: number) =>
    summaries.find(
      (summary) => summary.row === row && summary.latency === latency && summary.connections === connections,
    );
  const near = find(SESSION, 0, 32);
  const far = find(SESSION, 10, 1);
  const token = find(TOKEN, 0, 32);
  const fresh = find(FRESH_TOKEN, 10, 1);
  return [
    bar('Session check: round trips', 1, 'at most', ['', (near ?? far)?.trips]),
    bar('Session check, 10 ms, 1 connection: p50 against the floor', 1.15, 'at most', ['×', far?.toFloor?.p50]),
    bar('Session check, 0 ms, 32 connections: throughput against the floor', 0.5, 'at least', [
      '×',
      near?.toFloor?.perSecond,
    ]),
    bar('… against the batch floor', 0.7, 'at least', ['×', near?.toBatchFloor?.perSecond]),
    bar('… Worker CPU against the floor', 2, 'at most', ['×', near?.toFloor?.workerCpu]),
    bar('API token check: round trips', 1, 'at most', ['', (token ?? find(TOKEN, 10, 1))?.trips]),
    bar('API token check, 0 ms, 32 connections: throughput against the session check', 0.9, 'at least', [
      '×',
      token?.toSession?.perSecond,
    ]),
    bar('Token fresh: round trips', 1, 'at most', ['', (fresh ?? find(FRESH_TOKEN, 0, 32))?.trips]),
    bar('Token fresh, 10 ms, 1 connection: p50 against the floor', 1.2, 'at most', ['×', fresh?.toFloor?.p50]),
    ...sweepBars(sweep),
    ...fairness.map(({ job, ratio }) =>
      bar(`One member’s worst: ${job} of others, against without`, 0.8, 'at least', ['×', ratio]),
    ),
    bar('Bundle, gzip', BUNDLE_LIMIT_KIB, 'at most', [' KiB', bundle?.gzipKiB]),
    bar('Start-up CPU', 60, 'at most', [' ms', startup?.medianMs]),
  ].filter((entry) => entry !== null);
}

/** Over all runs, so that each holds. */
function sweepBars(runs: readonly SweepRun[]): (Bar | null)[] {
  const most = (read: (run: SweepRun) => number) => (runs.length === 0 ? undefined : Math.max(...runs.map(read)));
  return [
    bar('Sweep: round trips a refresh', 1 + 2 / BATCH, 'at most', ['', most(({ trips, due }) => trips / due)]),
    bar('Sweep: redemptions of one refresh token', 1, 'at most', ['', most(({ mostPerToken }) => mostPerToken)]),
    bar('Sweep: connections refreshed twice', 0, 'at most', ['', most(({ twice }) => twice)]),
    bar('Sweep: connections missed', 0, 'at most', ['', most(({ missed }) => missed)]),
    bar('Sweep: connections of one invocation that wait at a time', WIDTH, 'at most', [
      '',
      most(({ mostConnections }) => mostConnections),
    ]),
  ];
}

function bar(
  name: string,
  limit: number,
  kind: Bar['kind'],
  [unit, measured]: [string, number | undefined],
): Bar | null {
  if (measured === undefined) return null;
  return { name, limit, kind, unit, measured, isMet: kind === 'at most' ? measured <= limit : measured >= limit };
}

export function describeBar({ name, limit, kind, unit, measured, isMet }: Bar): string[] {
  return [name, `${kind} ${limit}${unit}`, `${measured.toFixed(2)}${unit}`, isMet ? 'met' : 'missed'];
}
