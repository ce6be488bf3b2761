import type { Gate } from '../db/gate.ts';
import { cleanup } from './cleanup.ts';

/** A job works in bounded batches and answers counts for its log line. Two runs at once must only share the work. */
export type Job = (gate: Gate) => Promise<Record<string, number>>;

/** What runs when: cron expression to jobs by name. `wrangler.toml` lists the same expressions. */
export const jobs: Readonly<Record<string, Readonly<Record<string, Job>>>> = {
  '*/10 * * * *': { cleanup },
};
