import type { LoadResult } from './load/protocol.ts';
import type { Measurement } from './measure.ts';
import { BATCH_FLOOR, FLOOR, SESSION } from './rows.ts';
import { median } from './support/statistics.ts';

/** One row as it is reported: medians over the rounds. */
export interface Summary {
  readonly row: string;
  readonly latency: number;
  readonly connections: number;
  readonly users: number;
  readonly trips: number;
  readonly statements: number;
  readonly hops: number;
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  /** CPU milliseconds per request, over all rounds. */
  readonly cpu: { readonly worker: number; readonly neon: number; readonly postgres: number };
  /** Against other rows: medians of the ratios of each round. Null where there is none to compare with. */
  readonly toFloor: Ratios | null;
  readonly toBatchFloor: Ratios | null;
  readonly toSession: Ratios | null;
}

export interface Ratios {
  readonly p50: number;
  readonly perSecond: number;
  readonly workerCpu: number;
}

export function summarizeAll(measurements: readonly Measurement[]): Summary[] {
  return measurements.map((measurement) => {
    const against = (row: string) => {
      const peer = measurements.find(
        (other) =>
          other.row === row &&
          other.latency === measurement.latency &&
          other.connections === measurement.connections &&
          other.users === measurement.users,
      );
      return peer ? ratios(measurement, peer) : null;
    };
    return summarizeOne(measurement, against);
  });
}

function summarizeOne(measurement: Measurement, against: (row: string) => Ratios | null): Summary {
  const { row, latency, connections, users, rounds } = measurement;
  const cpu = (name: string) =>
    sum(rounds.map((round) => round.cpuMs[name] ?? 0)) / Math.max(1, sum(rounds.map((round) => round.measured)));
  return {
    row,
    latency,
    connections,
    users,
    trips: measurement.tripsPerRequest,
    statements: measurement.statementsPerRequest,
    hops: measurement.hopsPerRequest,
    p50: median(rounds.map((round) => round.p50)),
    p99: median(rounds.map((round) => round.p99)),
    perSecond: median(rounds.map(rate)),
    cpu: { worker: cpu('worker'), neon: cpu('neon'), postgres: cpu('postgres') },
    toFloor: against(FLOOR),
    toBatchFloor: against(BATCH_FLOOR),
    toSession: against(SESSION),
  };
}

/** Ratios within each round, where both ran next to each other, then their median. */
export function ratios(measurement: Measurement, base: Measurement): Ratios {
  const of = (read: (round: LoadResult) => number) =>
    median(
      measurement.rounds.flatMap((round, i) => {
        const other = base.rounds[i];
        return other && read(other) > 0 ? [read(round) / read(other)] : [];
      }),
    );
  return { p50: of((round) => round.p50), perSecond: of(rate), workerCpu: of(cpuPerRequest) };
}

function rate({ measured, seconds }: LoadResult): number {
  return seconds === 0 ? 0 : measured / seconds;
}

function cpuPerRequest({ cpuMs, measured }: LoadResult): number {
  return measured === 0 ? 0 : (cpuMs['worker'] ?? 0) / measured;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
