import { type Environment, seedDatabase, type SeededDatabase } from './environment.ts';
import type { LoadProcess } from './load/client.ts';
import { type Effort, type Measurement, measureMatrix } from './measure.ts';
import { rows, SESSION } from './rows.ts';
import { type Ratios, ratios } from './summary.ts';

/** The session check with few users and with many: what one call costs must not grow with their number. */
export interface ScaleReport {
  readonly connections: number;
  readonly few: Measurement;
  readonly many: Measurement;
  /** Many against few: medians of the rounds' ratios. */
  readonly ratio: Ratios;
}

export interface ScaleOptions {
  readonly few: SeededDatabase;
  readonly manyUsers: number;
  readonly connections: readonly number[];
  readonly effort: Effort;
}

export async function measureScale(
  environment: Environment,
  load: LoadProcess,
  options: ScaleOptions,
): Promise<ScaleReport[]> {
  const { few, manyUsers, connections, effort } = options;
  const many = await seedDatabase(environment, manyUsers);
  const measure = (database: SeededDatabase) =>
    measureMatrix(environment, database, load, {
      rows: rows.filter(({ name }) => name === SESSION),
      latency: 0,
      connections,
      effort: { ...effort, rounds: 1 },
    });
  const found: { few: Measurement[]; many: Measurement[] } = { few: [], many: [] };
  for (let round = 0; round < effort.rounds; round += 1) {
    found.few.push(...(await measure(few)));
    found.many.push(...(await measure(many)));
  }
  return connections.flatMap((count) => {
    const [a, b] = [merge(found.few, count), merge(found.many, count)];
    return a && b ? [{ connections: count, few: a, many: b, ratio: ratios(b, a) }] : [];
  });
}

/** The rounds of one number of connections as one measurement. */
function merge(measurements: readonly Measurement[], connections: number): Measurement | undefined {
  const same = measurements.filter((measurement) => measurement.connections === connections);
  const [first] = same;
  return first && { ...first, rounds: same.flatMap(({ rounds }) => rounds) };
}
