/** Puts a legacy schema back as it was, with all that was written since, in one transaction. */
import type { Sealer } from '../../lib/sealing.ts';
import { databaseRefusal } from '../migrate/errors.ts';
import type { LegacyRun } from './catalogue.ts';
import { LegacyError } from './errors.ts';
import { requireOurs } from './normalize.ts';
import { type Finding, type Progress, warning } from './report.ts';
import { type WrittenBack, writeBack } from './rollback-people.ts';
import { lockAll, requireAddable, requireRun } from './rollback-ready.ts';
import { describeRemains, type Removed, removeMoved } from './rollback-remains.ts';
import { dropNewSchema, restoreSchema } from './rollback-schema.ts';
import { readTable } from './rollback-table.ts';
import { inTransaction, type LegacySession, takeRunLock, withLockRetries } from './session.ts';

export interface RollbackOptions {
  /** Do all of it, say what came of it, and undo it. */
  readonly dryRun?: boolean;
  /** Longest wait for one lock, milliseconds. Default 5000. */
  readonly lockTimeout?: number;
  /** How often locks are tried for. Default 10. */
  readonly lockAttempts?: number;
  /** Rows held in memory at once. Default 1000. */
  readonly batchSize?: number;
}

export interface RollbackCall {
  /** As the owner of our tables, who may alter the legacy ones too. */
  readonly session: LegacySession;
  readonly schema: string;
  /** Over `TOKEN_KEYS`, with every key that tokens are under. */
  readonly sealer: Sealer;
  readonly options?: RollbackOptions;
  readonly onProgress?: (progress: Progress) => void;
}

export interface RollbackReport {
  readonly schema: string;
  readonly findings: readonly Finding[];
  /** Legacy rows that were changed, and in each column how many; added; deleted. */
  readonly changed: number;
  readonly columns: Readonly<Record<string, number>>;
  readonly added: number;
  readonly deleted: number;
  /** What went from our tables, being wholly back. */
  readonly removed: { readonly users: number; readonly integrations: number };
  /** Users of the legacy table who stay among ours as well. */
  readonly stayed: number;
  readonly foreignKeys: number;
  readonly seconds: number;
}

export interface RollbackResult {
  readonly state: 'rolled_back' | 'dry_run';
  readonly runId: string;
  readonly report: RollbackReport;
}

/** Carries the report of a dry run out of the transaction that it undoes. */
class Undone extends Error {
  readonly result: RollbackResult;
  constructor(result: RollbackResult) {
    super('undone');
    this.result = result;
  }
}

/**
 * Rolls a schema back: the legacy table has its name, foreign keys and rows again, with what was written since; rows
 * that nobody touched are what they were, byte for byte.
 * @throws LegacyError `legacy.not_normalized`, `legacy.refused`, `legacy.unreadable`, `legacy.running`, `legacy.locked`
 */
export async function rollback(call: RollbackCall): Promise<RollbackResult> {
  const { session, options = {} } = call;
  await requireOurs(session);
  const attempt = () =>
    inTransaction(session, async () => {
      const result = await run(call);
      if (options.dryRun) throw new Undone(result);
      return result;
    });
  try {
    // Locks are had before anything is written: trying again loses nothing.
    return await withLockRetries(attempt, options.lockAttempts ?? 10);
  } catch (error) {
    if (error instanceof Undone) return error.result;
    throw explain(error);
  }
}

async function run(call: RollbackCall): Promise<RollbackResult> {
  const { session, schema, sealer, options = {}, onProgress = () => {} } = call;
  const start = performance.now();
  await takeRunLock(session);
  const found = await requireRun(session, schema);
  await lockAll(session, found, options.lockTimeout ?? 5000);
  const table = await readTable(session, found);
  await requireAddable(session, table);
  const batchSize = options.batchSize ?? 1000;
  const written = await writeBack({ session, table, sealer, batchSize, onProgress });
  onProgress({ step: 'schema', done: 0, total: 1 });
  await dropNewSchema(session, found);
  await restoreSchema(session, found, onProgress);
  const removed = await removeMoved({ session, table, batchSize, unheld: written.unheld, onProgress });
  const seconds = Math.round(performance.now() - start) / 1000;
  const findings = [...writtenFindings(written), ...(await describeRemains(session, table))];
  const report = reportOf(found, { written, removed, findings, seconds });
  await session.query(
    `update public.legacy_runs set state = 'rolled_back', report = report || jsonb_build_object('rollback', $2::text::jsonb) where id = $1::uuid`,
    [found.id, JSON.stringify(report)],
  );
  onProgress({ step: 'done', done: 1, total: 1 });
  return { state: options.dryRun ? 'dry_run' : 'rolled_back', runId: found.id, report };
}

function writtenFindings({ deleted, deletedIds, unheld }: WrittenBack): Finding[] {
  return [
    ...(deleted === 0
      ? []
      : [
          warning('users.deleted', 'Users who were deleted since are deleted from the legacy table too.', {
            examples: deletedIds,
            count: deleted,
          }),
        ]),
    ...(unheld.size === 0
      ? []
      : [
          warning(
            'users.unheld',
            'Users who were there before the run, or whose values do not fit: they stay in users.',
            [...unheld],
          ),
        ]),
  ];
}

function reportOf(
  { schema, catalogue }: LegacyRun,
  {
    written: { changed, columns, added, deleted },
    removed: { users, integrations, stayed },
    findings,
    seconds,
  }: { written: WrittenBack; removed: Removed; findings: readonly Finding[]; seconds: number },
): RollbackReport {
  const removed = { users, integrations };
  const foreignKeys = catalogue.foreignKeys.length;
  return { schema, findings, changed, columns, added, deleted, removed, stayed, foreignKeys, seconds };
}

/** A value that the legacy table refuses (a unique constraint, a check, a type) is a person's to decide about. */
function explain(error: unknown): unknown {
  const refusal = databaseRefusal(error);
  if (refusal === null || !/^2[23]/.test(refusal.sqlstate)) return error;
  // The detail of such an error shows rows, with their tokens.
  const message = `Nothing was changed: the legacy table refuses what was written since: ${refusal.message} (${refusal.sqlstate}).`;
  return new LegacyError('legacy.refused', message, { cause: error });
}
