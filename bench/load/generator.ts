/** The load process: takes a job from its parent, answers with a result. Its CPU is not the Worker's. */
import { connect, type Socket } from 'node:net';
import { cpuOf, cpuOfFamily } from '../support/processes.ts';
import { percentile } from '../support/statistics.ts';
import type { LoadJob, LoadResult } from './protocol.ts';
import { ResponseReader } from './response-reader.ts';

/** What the connections of a run share. */
class Run {
  readonly job: LoadJob;
  readonly requests: readonly Buffer[];
  readonly latencies: number[] = [];
  readonly statuses: Record<string, number> = {};
  total = 0;
  isMeasuring = false;
  isOver = false;
  #open = new Set<Socket>();
  #failure: Error | undefined;

  constructor(job: LoadJob) {
    this.job = job;
    this.requests = job.requests.map((request) => Buffer.from(request));
  }

  /** Keeps one connection busy until the run is over. */
  drive(index: number): Promise<void> {
    return new Promise((done) => {
      const socket = connect({ host: '127.0.0.1', port: this.job.port, noDelay: true });
      this.#open.add(socket);
      let next = Math.floor((index * this.requests.length) / this.job.connections);
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        socket.write(this.requests[next++ % this.requests.length] ?? '');
      };
      const reader = new ResponseReader((status) => {
        this.#note(status, performance.now() - sentAt);
        if (this.isOver) socket.destroy();
        else send();
      });
      socket.on('connect', send).on('data', (chunk) => reader.push(chunk));
      socket.on('error', (error) => (this.#failure ??= error));
      socket.on('close', () => {
        if (!this.isOver) this.#failure ??= new Error('A connection was closed in the middle of the run.');
        this.#open.delete(socket);
        done();
      });
    });
  }

  #note(status: number, latency: number): void {
    this.total += 1;
    if (!this.isMeasuring) return;
    this.latencies.push(latency);
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (this.latencies.length >= this.job.maxRequests) this.isMeasuring = false;
  }

  /** Waits for what is on its way; what takes over ten seconds is cut off, and fails the run. */
  async end(driven: Promise<unknown>): Promise<void> {
    this.isOver = true;
    const late = setTimeout(() => {
      this.#failure ??= new Error('An answer did not come within ten seconds.');
      for (const socket of this.#open) socket.destroy();
    }, 10_000);
    await driven;
    clearTimeout(late);
    if (this.#failure) throw this.#failure;
  }
}

async function perform(job: LoadJob): Promise<LoadResult> {
  const run = new Run(job);
  const driven = Promise.all(Array.from({ length: job.connections }, (_, index) => run.drive(index)));
  await sleep(job.warmUpMs);
  const before = readCpu(job);
  const startedAt = performance.now();
  run.isMeasuring = true;
  while (run.isMeasuring && performance.now() - startedAt < job.measureMs) await sleep(5);
  run.isMeasuring = false;
  const seconds = (performance.now() - startedAt) / 1000;
  const after = readCpu(job);
  await run.end(driven);
  const sorted = Float64Array.from(run.latencies).sort();
  return {
    measured: sorted.length,
    total: run.total,
    seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    statuses: run.statuses,
    cpuMs: Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)])),
  };
}

function readCpu({ processes }: LoadJob): Record<string, number> {
  const entries = Object.entries(processes);
  return Object.fromEntries(
    entries.map(([name, { pid, withChildren }]) => [name, withChildren ? cpuOfFamily(pid) : cpuOf(pid)]),
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

process.on('message', (job: LoadJob) => {
  perform(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
// Never outlives the benchmark.
process.on('disconnect', () => process.exit(0));
