/** Ends a normalisation: after it there is no way back but a backup. */
import { LegacyError } from './errors.ts';
import { requireOurs } from './normalize.ts';
import { describeFinding } from './report.ts';
import { requireRun } from './rollback-ready.ts';
import { refuseDependents } from './rollback-schema.ts';
import { inTransaction, lockTables, qualified, takeRunLock, withLockRetries } from './session.ts';
import { type VerifyCall, type VerifyOptions, type VerifyReport, verifyRun } from './verify.ts';

export interface FinishOptions extends VerifyOptions {
  /** Verify, and only say what would be dropped. */
  readonly dryRun?: boolean;
  /** Longest wait for one lock, milliseconds. Default 5000. */
  readonly lockTimeout?: number;
  /** How often locks are tried for. Default 10. */
  readonly lockAttempts?: number;
}

export interface FinishCall extends Omit<VerifyCall, 'options'> {
  readonly options?: FinishOptions;
}

export interface FinishResult {
  readonly state: 'finished' | 'dry_run';
  readonly runId: string;
  /** Of the table that is dropped. */
  readonly rows: number;
  readonly verification: VerifyReport;
}

/**
 * Verifies the schema, drops `users_old` and marks the run finished. Views and functions stay, and unique constraints
 * that foreign keys need.
 * @throws LegacyError `legacy.incomplete` while verification finds something missing, `legacy.refused` when something
 *   was built on `users_old`, `legacy.not_normalized`, `legacy.running`, `legacy.locked`
 */
export async function finish(call: FinishCall): Promise<FinishResult> {
  const { session, options = {} } = call;
  await requireOurs(session);
  return withLockRetries(
    async () => inTransaction(session, async () => run(call), { readOnly: options.dryRun === true }),
    options.lockAttempts ?? 10,
  );
}

async function run(call: FinishCall): Promise<FinishResult> {
  const { session, schema, options = {}, onProgress = () => {} } = call;
  if (!options.dryRun) await takeRunLock(session);
  const found = await requireRun(session, schema);
  const old = { schema, name: 'users_old' };
  if (!options.dryRun) await lockTables(session, [old], options.lockTimeout ?? 5000);
  const verification = await verifyRun(call, found);
  if (!verification.isComplete) {
    const missing = verification.findings.filter(({ severity }) => severity === 'refusal').map(describeFinding);
    throw new LegacyError('legacy.incomplete', `users_old is kept, something is missing: ${missing.join(' ')}`);
  }
  const [count] = await session.query(`select count(*)::int as rows from ${qualified(old)}`);
  const result = { runId: found.id, rows: Number(count?.['rows'] ?? 0), verification };
  if (options.dryRun) return { state: 'dry_run', ...result };
  await refuseDependents(session, `drop table ${qualified(old)}`);
  await session.query('delete from public.legacy_links where run_id = $1::uuid', [found.id]);
  await session.query(`update public.legacy_runs set state = 'finished' where id = $1::uuid`, [found.id]);
  onProgress({ step: 'done', done: 1, total: 1 });
  return { state: 'finished', ...result };
}
