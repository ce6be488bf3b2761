import { type Environment, openSetup, type SeededDatabase, type Setup } from './environment.ts';
import type { LoadProcess } from './load/client.ts';
import type { LoadResult } from './load/protocol.ts';
import type { BenchRow } from './rows.ts';

/** How long and how often is measured. */
export interface Effort {
  readonly rounds: number;
  readonly warmUpMs: number;
  /** The same before a row's first round: connections are opened, code is compiled, plans are made. */
  readonly firstWarmUpMs: number;
  readonly measureMs: number;
  readonly maxRequests: number;
}

/** One row under one latency and number of connections, once per round. */
export interface Measurement {
  readonly row: string;
  readonly latency: number;
  readonly connections: number;
  readonly users: number;
  readonly tripsPerRequest: number;
  readonly statementsPerRequest: number;
  readonly hopsPerRequest: number;
  readonly rounds: readonly LoadResult[];
}

interface Tally {
  trips: number;
  statements: number;
  requests: number;
  rounds: LoadResult[];
}

export interface MatrixOptions {
  readonly rows: readonly BenchRow[];
  readonly latency: number;
  readonly connections: readonly number[];
  readonly effort: Effort;
}

/**
 * Measures rows one at a time and in turn (A B C, A B C, …), so that what else the machine does meanwhile falls on all
 * of them alike. Ratios are then taken within a round.
 */
export async function measureMatrix(
  environment: Environment,
  database: SeededDatabase,
  load: LoadProcess,
  options: MatrixOptions,
): Promise<Measurement[]> {
  const { rows, latency, connections, effort } = options;
  const setup = await openSetup(environment, database, { latency });
  try {
    const hops = new Map<string, number>();
    for (const row of rows) hops.set(row.name, await probe(setup, row));
    const measurements: Measurement[] = [];
    for (const count of connections) {
      const target = { environment, setup, load, effort, connections: count };
      const tallies = await measureRounds(
        target,
        rows,
        `${latency} ms, ${of(count, 'connection')}, ${of(database.users, 'user')}`,
      );
      for (const [row, tally] of tallies) {
        const facts = { row, latency, connections: count, users: database.users, hopsPerRequest: hops.get(row) ?? 0 };
        measurements.push({ ...facts, ...perRequest(tally) });
      }
    }
    return measurements;
  } finally {
    await setup.close();
  }
}

/** Every row once in each round. */
async function measureRounds(
  target: Omit<Once, 'row' | 'warmUpMs'>,
  rows: readonly BenchRow[],
  what: string,
): Promise<Map<string, Tally>> {
  const { effort, environment } = target;
  const tallies = new Map<string, Tally>();
  for (let round = 1; round <= effort.rounds; round += 1) {
    environment.say(`${what}: round ${round} of ${effort.rounds}`);
    const warmUpMs = round === 1 ? effort.firstWarmUpMs : effort.warmUpMs;
    for (const row of rows) {
      const tally = tallies.get(row.name) ?? { trips: 0, statements: 0, requests: 0, rounds: [] };
      tallies.set(row.name, tally);
      await measureOnce({ ...target, row, warmUpMs }, tally);
    }
  }
  return tallies;
}

function perRequest({ trips, statements, requests, rounds }: Tally) {
  const per = (sum: number) => (requests === 0 ? 0 : sum / requests);
  return { tripsPerRequest: per(trips), statementsPerRequest: per(statements), rounds };
}

function of(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

interface Once {
  readonly environment: Environment;
  readonly setup: Setup;
  readonly load: LoadProcess;
  readonly row: BenchRow;
  readonly connections: number;
  readonly effort: Effort;
  readonly warmUpMs: number;
}

async function measureOnce(once: Once, tally: Tally): Promise<void> {
  const { environment, setup, load, row, connections, effort, warmUpMs } = once;
  const worker = setup.workers[row.worker];
  const { pid } = environment.postgres;
  worker.emptyLog();
  await resetStats(setup);
  const result = await load.perform({
    port: worker.port,
    connections,
    requests: row.requests(setup.database.callers),
    warmUpMs,
    measureMs: effort.measureMs,
    maxRequests: effort.maxRequests,
    processes: {
      worker: { pid: worker.pid, withChildren: false },
      neon: { pid: setup.neon.pid, withChildren: false },
      ...(pid === null ? {} : { postgres: { pid, withChildren: true } }),
    },
  });
  refuseFailures(row, result, worker.log());
  const stats = await readStats(setup);
  tally.trips += stats.roundTrips;
  tally.statements += stats.statements;
  tally.requests += result.total;
  tally.rounds.push(result);
}

/** A refused call is fast, and would make a fine figure. */
function refuseFailures(row: BenchRow, { statuses }: LoadResult, log: readonly string[]): void {
  const bad = Object.entries(statuses).filter(([status]) => status !== '200');
  if (bad.length === 0) return;
  const counts = bad.map(([status, count]) => `${count} × ${status}`).join(', ');
  throw new Error(`${row.title} was not answered as it should be: ${counts}.\n${log.slice(-5).join('\n')}`);
}

/** One request by itself: checks that it succeeds, and reads from the Worker's log how many Durable Objects it asked. */
async function probe(setup: Setup, row: BenchRow): Promise<number> {
  const worker = setup.workers[row.worker];
  const [request = ''] = row.requests(setup.database.callers);
  const [head = '', body = ''] = request.split('\r\n\r\n');
  const [target = '', ...headers] = head.split('\r\n');
  const [method = '', path = ''] = target.split(' ');
  worker.emptyLog();
  const response = await fetch(`http://127.0.0.1:${worker.port}${path}`, {
    method,
    headers: headers
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
      .filter(([name]) => name !== 'host' && name !== 'content-length'),
    ...(body === '' ? {} : { body }),
  });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(
      `${row.title} answers ${response.status}: ${text.slice(0, 500)}\n${worker.log().slice(-5).join('\n')}`,
    );
  const line = worker.log().find((entry) => entry.includes('"event":"request"'));
  return line ? ((JSON.parse(line) as { hops?: number }).hops ?? 0) : 0;
}

async function resetStats({ neon }: Setup): Promise<void> {
  await fetch(neon.url.replace(/\/sql$/, '/stats/reset'), { method: 'POST' });
}

async function readStats({ neon }: Setup): Promise<{ roundTrips: number; statements: number }> {
  const response = await fetch(neon.url.replace(/\/sql$/, '/stats'));
  return (await response.json()) as { roundTrips: number; statements: number };
}
