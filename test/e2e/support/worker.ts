import { inject } from 'vitest';
import { type RunningWorker, startWorker } from '../../support/running-worker.ts';

/** The built Worker on workerd, with the database of the test run. `settings` are added to those of the run. */
export function startPlace(settings: Record<string, string> = {}): Promise<RunningWorker> {
  const { OWNER_URL: _, ...run } = inject('worker');
  return startWorker({ ...run, ...settings });
}

export type { RunningWorker };
