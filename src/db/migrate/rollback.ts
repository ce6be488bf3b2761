import { databaseRefusal, MigrationError } from './errors.ts';
import type { PlannedMigration } from './apply.ts';
import { explainFailure } from './explain-failure.ts';
import { type MigrationFile, readMigrations, type SqlFile } from './files.ts';
import { newRun, readJournal, recordFinished, recordReopened, recordRolledBack, requireJournal } from './journal.ts';
import { runOutside } from './outside-transaction.ts';
import { type RunContext, runContext, type RunOptions, sendFile } from './run-context.ts';
import { migrationStatuses, type MigrationStatus } from './status.ts';

export interface RollbackOptions extends RunOptions {
  /** How many migrations to take back, from the last one. */
  readonly steps: number;
}

export interface RollbackResult {
  readonly target: string;
  /** Newest first. */
  readonly rolledBack: readonly string[];
  /** Another run took these back while this one was at it. */
  readonly rolledBackByOthers: readonly string[];
  /** What a dry run found, with the statements of the down files; null when it was none. */
  readonly planned: readonly PlannedMigration[] | null;
}

interface Step {
  readonly name: string;
  readonly down: SqlFile;
}

/**
 * Takes back the last `steps` migrations, newest first, each with its journal row in one atomic batch.
 * @throws MigrationError before anything is done if one of them has no down file, was changed, is not on disk or did not
 * end; and when a down file fails (those before it stay rolled back).
 */
export async function rollbackMigrations(options: RollbackOptions): Promise<RollbackResult> {
  const { connection } = options;
  const context = await runContext(options);
  const steps = await rollbackSteps(context, options.steps);
  if (options.dryRun === true) {
    const planned = steps.map(({ name, down }) => ({
      name,
      transaction: down.transaction,
      statements: down.statements,
    }));
    return { target: connection.target, rolledBack: [], rolledBackByOthers: [], planned };
  }
  const rolledBack: string[] = [];
  const rolledBackByOthers: string[] = [];
  for (const step of steps) {
    const ours = await rollBack(context, step);
    (ours ? rolledBack : rolledBackByOthers).push(step.name);
    context.say(`${step.down.path}: ${ours ? 'rolled back' : 'rolled back by another run'}`);
  }
  return { target: connection.target, rolledBack, rolledBackByOthers, planned: null };
}

async function rollbackSteps({ directory, connection }: RunContext, wanted: number): Promise<Step[]> {
  const files = await readMigrations(directory);
  const statuses = migrationStatuses(files, await requireJournal(connection));
  const applied = statuses.filter(({ state }) => state !== 'pending' && state !== 'out_of_order');
  if (wanted > applied.length) {
    throw new MigrationError(
      'down.too_many',
      `${connection.target} has ${applied.length} migrations applied; ${wanted} cannot be rolled back.`,
    );
  }
  const last = applied.toReversed().slice(0, wanted);
  const problems = last.flatMap((status) => rollbackProblem(directory, status, files) ?? []);
  const first = problems[0];
  if (first !== undefined) throw new MigrationError(first.code, problems.map(({ message }) => message).join('\n'));
  return last.flatMap(({ name }) => {
    const down = files.find((file) => file.name === name)?.down;
    return down === undefined || down === null ? [] : [{ name, down }];
  });
}

function rollbackProblem(
  directory: string,
  { name, state }: MigrationStatus,
  files: readonly MigrationFile[],
): MigrationError | null {
  const path = `${directory}/${name}.sql`;
  if (state === 'unknown') {
    return new MigrationError('migration.unknown', `${path} is not on disk. Roll it back from the branch that has it.`);
  }
  if (state === 'changed') {
    return new MigrationError(
      'migration.changed',
      `${path} was changed after it was applied. Restore the applied text (git checkout), then roll back.`,
    );
  }
  if (state === 'started') {
    return new MigrationError(
      'migration.started',
      `${path} was begun and did not end. First: npm run migrate:push -- --retry ${name}`,
    );
  }
  if (files.find((file) => file.name === name)?.down) return null;
  return new MigrationError(
    'down.missing',
    `${directory}/down/${name}.sql is missing or holds no statement. Write what undoes ${name} (or the line "-- nothing to undo").`,
  );
}

async function rollBack(context: RunContext, { name, down }: Step): Promise<boolean> {
  const run = newRun();
  try {
    if (down.transaction) await sendFile(context, { file: down, run, journal: recordRolledBack(name) });
    else {
      const begin = recordReopened(name);
      await runOutside(context, { name, file: down, begin, end: recordRolledBack(name), undo: recordFinished(name) });
    }
    return true;
  } catch (error) {
    if (await goneMeanwhile(context, name, error)) return false;
    throw await explainFailure(context, { file: down, run, error });
  }
}

/** Whether the error is the journal's "no such row" (see `recordRolledBack`) and the row is gone indeed. */
async function goneMeanwhile({ connection }: RunContext, name: string, error: unknown): Promise<boolean> {
  if (databaseRefusal(error)?.sqlstate !== '22012') return false;
  const journal = await readJournal(connection);
  return journal?.every((row) => row.name !== name) ?? false;
}
