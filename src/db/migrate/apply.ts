import { databaseRefusal, MigrationError } from './errors.ts';
import { type MigrationFile, readMigrations } from './files.ts';
import { requireValidIndexes } from './invalid-indexes.ts';
import { explainFailure } from './explain-failure.ts';
import { type JournalRow, newRun, recordApplied, recordFinished, recordRolledBack, requireJournal } from './journal.ts';
import { runOutside } from './outside-transaction.ts';
import { type RunContext, runContext, type RunOptions, sendFile } from './run-context.ts';
import { migrationStatuses, requireOrder } from './status.ts';
import { isRunning, settledJournal } from './wait-for-end.ts';

export interface ApplyOptions extends RunOptions {
  /** A no-transaction migration that was begun and did not end: run it again. */
  readonly retry?: string;
  /** The last migration to apply; those behind it stay pending. Default: all. */
  readonly upTo?: string;
}

/** One migration this run applied. */
export interface AppliedMigration {
  readonly name: string;
  readonly milliseconds: number;
}

/** What a dry run would send. */
export interface PlannedMigration {
  readonly name: string;
  readonly transaction: boolean;
  readonly statements: readonly string[];
}

export interface ApplyResult {
  readonly target: string;
  readonly applied: readonly AppliedMigration[];
  /** Another run applied these while this one was at it. */
  readonly appliedByOthers: readonly string[];
  /** What a dry run found; null when it was none. */
  readonly planned: readonly PlannedMigration[] | null;
}

/** One pending file and what it stands on. */
interface Step {
  readonly file: MigrationFile;
  readonly predecessor: string | null;
  readonly again: boolean;
}

/**
 * Applies what is pending, one atomic batch per file. Safe to run many times at once: each file is applied once.
 * @throws MigrationError when anything is changed, out of order, unknown, begun or invalid (nothing is applied then), or
 * when a file fails (the files before it stay applied, nothing of it does).
 */
export async function applyMigrations(options: ApplyOptions): Promise<ApplyResult> {
  const { connection } = options;
  const context = await runContext(options);
  const steps = (await pendingSteps(context, options.retry)).filter(
    ({ file }) => file.name <= (options.upTo ?? file.name),
  );
  await requireValidIndexes(connection);
  if (options.dryRun === true) {
    return {
      target: connection.target,
      applied: [],
      appliedByOthers: [],
      planned: steps.map(({ file }) => plannedMigration(file)),
    };
  }
  const applied: AppliedMigration[] = [];
  const appliedByOthers: string[] = [];
  for (const step of steps) {
    const since = performance.now();
    const ours = await (step.file.transaction ? applyInside(context, step) : applyOutside(context, step));
    const milliseconds = Math.round(performance.now() - since);
    if (ours) applied.push({ name: step.file.name, milliseconds });
    else appliedByOthers.push(step.file.name);
    context.say(`${step.file.path}: ${ours ? `applied in ${milliseconds} ms` : 'applied by another run'}`);
  }
  return { target: connection.target, applied, appliedByOthers, planned: null };
}

async function pendingSteps(context: RunContext, retry: string | undefined): Promise<Step[]> {
  const files = await readMigrations(context.directory);
  const journal =
    retry === undefined ? await settledJournal(context, files) : await retriedJournal(context, files, retry);
  const statuses = migrationStatuses(files, journal);
  requireOrder(context.directory, statuses);
  const pending = new Set(statuses.filter(({ state }) => state === 'pending').map(({ name }) => name));
  return files.flatMap((file, index) =>
    pending.has(file.name) ? [{ file, predecessor: files[index - 1]?.name ?? null, again: file.name === retry }] : [],
  );
}

/** The journal as if the begun migration were not in it, so that it counts as pending. */
async function retriedJournal(
  context: RunContext,
  files: readonly MigrationFile[],
  retry: string,
): Promise<JournalRow[]> {
  const journal = await requireJournal(context.connection);
  const row = journal.find(({ name }) => name === retry);
  const file = files.find(({ name }) => name === retry);
  if (file === undefined || row === undefined || row.appliedAt !== null || row.checksum !== file.checksum) {
    throw new MigrationError(
      'retry.invalid',
      `${retry} is not a migration that was begun and did not end; migrate:list shows which is.`,
    );
  }
  if (await isRunning(context, file)) {
    throw new MigrationError('retry.invalid', `The server is still at work on ${retry}. Try again when it has ended.`);
  }
  return journal.filter(({ name }) => name !== retry);
}

/** A file as a dry run shows it. */
export function plannedMigration({
  name,
  transaction,
  statements,
}: Pick<MigrationFile, 'name' | 'transaction' | 'statements'>): PlannedMigration {
  return { name, transaction, statements };
}

/** True if this run applied the file, false if another did. */
async function applyInside(context: RunContext, { file, predecessor }: Step): Promise<boolean> {
  const run = newRun();
  try {
    await sendFile(context, {
      file,
      run,
      journal: recordApplied({ name: file.name, predecessor, checksum: file.checksum }),
    });
    return true;
  } catch (error) {
    if (await appliedMeanwhile(context, file, error)) return false;
    throw await explainFailure(context, { file, run, error });
  }
}

async function applyOutside(context: RunContext, { file, predecessor, again }: Step): Promise<boolean> {
  const begin = recordApplied({ name: file.name, predecessor, checksum: file.checksum }, false);
  try {
    await runOutside(context, {
      name: file.name,
      file,
      begin: again ? null : begin,
      end: recordFinished(file.name),
      undo: recordRolledBack(file.name),
    });
    return true;
  } catch (error) {
    if (await appliedMeanwhile(context, file, error)) return false;
    throw await explainFailure(context, { file, run: newRun(), error });
  }
}

/**
 * Whether the error is the journal's "another run was faster" and that run has applied the file.
 * @throws MigrationError if what it did forbids going on: other text under this name, or a file this disk does not have.
 */
async function appliedMeanwhile(context: RunContext, file: MigrationFile, error: unknown): Promise<boolean> {
  const sqlstate = databaseRefusal(error)?.sqlstate;
  if (sqlstate !== '23505' && sqlstate !== '23503') return false;
  const files = await readMigrations(context.directory);
  const statuses = migrationStatuses(files, await settledJournal(context, files));
  requireOrder(context.directory, statuses);
  return statuses.some(({ name, state }) => name === file.name && state === 'applied');
}
