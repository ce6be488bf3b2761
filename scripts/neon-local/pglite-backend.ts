/**
 * PGlite behind a queue and a time limit. PGlite ignores statement_timeout and cannot be interrupted, so
 * it runs in a thread; past the limit the thread is ended and PGlite opened again from its directory,
 * which rolls back what was running and keeps what was committed.
 */
import { Worker } from 'node:worker_threads';
import { errorAnswer } from './errors.ts';
import type { Answer, Backend, SqlRequest } from './types.ts';

export interface WorkerOptions {
  dataDir: string;
  temporary: boolean;
  /** milliseconds that a statement may take when no statement_timeout says otherwise */
  defaultLimit: number;
  /** shared: when the running statement's time is over, in milliseconds since 1970; 0: none runs */
  deadline: BigInt64Array<SharedArrayBuffer>;
}

export type ToWorker = SqlRequest | 'close';
export type FromWorker = Answer | 'ready' | 'closed';

interface Job {
  request: SqlRequest;
  resolve: (answer: Answer) => void;
}

/** How often the deadline is looked at, in milliseconds: the precision of a time limit. */
const watchInterval = 20;

/** Runs requests on PGlite one at a time, in the order in which they came. */
export class PgliteBackend implements Backend {
  #options: WorkerOptions;
  #worker: Worker | undefined;
  #queue: Job[] = [];
  #running: Job | undefined;
  #failure: string | undefined;
  #closing = false;
  #opening: Promise<void> | undefined;
  #watch: NodeJS.Timeout;

  /** Opens, or creates, the database in a directory that nobody else has open. */
  static async open(options: Omit<WorkerOptions, 'deadline'>): Promise<PgliteBackend> {
    const deadline = new BigInt64Array(new SharedArrayBuffer(8));
    const backend = new PgliteBackend({ ...options, deadline });
    try {
      await backend.#start();
    } catch (error) {
      clearInterval(backend.#watch);
      throw error;
    }
    return backend;
  }

  private constructor(options: WorkerOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#checkDeadline(), watchInterval).unref();
  }

  run(request: SqlRequest): Promise<Answer> {
    return new Promise((resolve) => {
      this.#queue.push({ request, resolve });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watch);
    await this.#opening?.catch(() => undefined);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll('the database is being closed');
    if (!worker) return;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.on('message', (message: FromWorker) => {
        if (message === 'closed') void worker.terminate();
      });
      worker.postMessage('close' satisfies ToWorker);
      // A statement may still run for minutes; the directory recovers from being left like this.
      setTimeout(() => void worker.terminate(), 5000).unref();
    });
  }

  #start(): Promise<void> {
    this.#opening = this.#startThread();
    return this.#opening;
  }

  #startThread(): Promise<void> {
    Atomics.store(this.#options.deadline, 0, 0n);
    const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), {
      workerData: this.#options,
      execArgv: [],
    });
    return new Promise((resolve, reject) => {
      let reason = 'the thread of PGlite ended';
      worker.on('error', (error: unknown) => {
        reason = describe(error);
      });
      worker.on('exit', () => {
        reject(new Error(`PGlite could not open ${this.#options.dataDir}: ${reason}`));
        if (worker === this.#worker) this.#restart(crashed(reason));
      });
      worker.on('message', (message: FromWorker) => {
        if (message === 'ready') {
          this.#worker = worker;
          resolve();
          this.#next();
        } else if (message !== 'closed') this.#finish(message);
      });
    });
  }

  #next(): void {
    if (this.#failure !== undefined) return this.#failAll(this.#failure);
    if (this.#closing) return this.#failAll('the database is being closed');
    if (this.#running || !this.#worker) return;
    this.#running = this.#queue.shift();
    if (this.#running) this.#worker.postMessage(this.#running.request satisfies ToWorker);
  }

  #finish(answer: Answer): void {
    const job = this.#running;
    this.#running = undefined;
    this.#next();
    job?.resolve(answer);
  }

  #checkDeadline(): void {
    const deadline = Atomics.load(this.#options.deadline, 0);
    if (deadline === 0n || BigInt(Date.now()) <= deadline) return;
    const worker = this.#worker;
    if (!this.#running || !worker) return;
    this.#worker = undefined;
    void worker.terminate().then(() => this.#restart(timedOut()));
  }

  /** Answers the request that was running, then opens the database again for those that wait. */
  #restart(answer: Answer): void {
    this.#worker = undefined;
    const job = this.#running;
    this.#running = undefined;
    const reopened = this.#closing ? Promise.resolve() : this.#start();
    void reopened
      .catch((error: Error) => {
        this.#failure = error.message;
        this.#next();
      })
      .finally(() => job?.resolve(answer));
  }

  #failAll(message: string): void {
    const jobs = this.#running ? [this.#running, ...this.#queue] : this.#queue;
    this.#running = undefined;
    this.#queue = [];
    const answer = errorAnswer({ message, code: '57P03', severity: 'FATAL' });
    for (const { resolve } of jobs) resolve({ ...answer, status: 500 });
  }
}

/** What a thread dies of need not be an Error: PGlite's own end is an object with a message. */
function describe(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

function timedOut(): Answer {
  const message = 'canceling statement due to statement timeout';
  return errorAnswer({ message, code: '57014', severity: 'ERROR' });
}

function crashed(reason: string): Answer {
  const message = `PGlite stopped while it ran this request (${reason}) and was opened again`;
  return errorAnswer({ message, code: '57P02', severity: 'FATAL' });
}
