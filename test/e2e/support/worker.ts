import { inject } from 'vitest';
import { connectOwner, type Owner } from '../../support/owner.ts';
import { type RunningWorker, startWorker } from '../../support/running-worker.ts';

/** The built Worker on workerd, with the database of the test run. `settings` are added to those of the run. */
export function startPlace(settings: Record<string, string> = {}): Promise<RunningWorker> {
  const { OWNER_URL: _, ...run } = inject('worker');
  return startWorker({ ...run, ...settings });
}

/** SQL as the owner of that database. */
export function databaseOwner(): Owner {
  const { OWNER_URL, NEON_SQL_ENDPOINT = '' } = inject('worker');
  return connectOwner({ OWNER_URL, NEON_SQL_ENDPOINT });
}

/** Makes the proof of everybody at this address an hour old, so that what matters asks for a new one. */
export async function ageSessions(owner: Owner, email: string): Promise<void> {
  const aged = await owner.query(
    `update user_sessions set authenticated_at = now() - interval '1 hour'
      where user_id = (select id from users where email = $1) returning id`,
    [email],
  );
  if (aged.length === 0) throw new Error('Nobody is signed in with that address.');
}

export type { RunningWorker };
