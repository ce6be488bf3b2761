/**
 * The thread in which PGlite runs. It is a thread of its own because PGlite cannot be interrupted: past a
 * time limit the whole thread is ended (see pglite-backend.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PgliteSession } from './pglite-session.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './pglite-backend.ts';
import type { SqlRequest } from './types.ts';

const { dataDir, temporary, defaultLimit, deadline }: WorkerOptions = workerData;

/** PGlite's own, but with the search path of a server, and with fsync where the data is to stay. */
const startParams = PGlite.defaultStartParams.filter((param, i, list) => {
  const searchPath = 'search_path=public';
  return param !== searchPath && list[i + 1] !== searchPath && (temporary || param !== '-F');
});

const db = await PGlite.create({ dataDir, startParams, relaxedDurability: false });
const session = await PgliteSession.open(db, {
  defaultLimit,
  startTimer: (limit) => Atomics.store(deadline, 0, BigInt(Date.now() + limit)),
});

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function run(request: SqlRequest): Promise<void> {
  const answer = await session.run(request);
  Atomics.store(deadline, 0, 0n);
  send(answer);
}

parentPort?.on('message', (message: ToWorker) => {
  if (message === 'close') {
    void db.close().then(() => send('closed'));
    return;
  }
  void run(message);
});

send('ready');
