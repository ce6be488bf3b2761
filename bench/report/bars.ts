import type { StartupReport } from '../startup.ts';
import type { Summary } from '../summary.ts';
import type { BundleReport } from '../support/build.ts';

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
}

/** Every bar that the findings say something about. */
export function judge({ summaries, bundle, startup }: Findings): Bar[] {
  const session = (latency: number, connections: number) =>
    summaries.find(
      (summary) => summary.row === 'session' && summary.latency === latency && summary.connections === connections,
    );
  const near = session(0, 32);
  const far = session(10, 1);
  return [
    bar('Session check: round trips', 1, 'at most', ['', (near ?? far)?.trips]),
    bar('Session check, 10 ms, 1 connection: p50 against the floor', 1.15, 'at most', ['×', far?.toFloor?.p50]),
    bar('Session check, 0 ms, 32 connections: throughput against the floor', 0.5, 'at least', [
      '×',
      near?.toFloor?.perSecond,
    ]),
    bar('… against the batch floor', 0.7, 'at least', ['×', near?.toBatchFloor?.perSecond]),
    bar('… Worker CPU against the floor', 2, 'at most', ['×', near?.toFloor?.workerCpu]),
    bar('Bundle, gzip', 250, 'at most', [' KiB', bundle?.gzipKiB]),
    bar('Start-up CPU', 60, 'at most', [' ms', startup?.medianMs]),
  ].filter((entry) => entry !== null);
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
