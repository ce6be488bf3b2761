import { databaseRefusal, describeRefusal, MigrationError } from './errors.ts';
import type { Statement } from './connection.ts';
import type { SqlFile } from './files.ts';
import { invalidIndexAdvice, invalidIndexes } from './invalid-indexes.ts';
import { type RunContext, sendLocked } from './run-context.ts';

/** One no-transaction file: how its beginning and its end are recorded. */
export interface OutsideRun {
  readonly name: string;
  readonly file: SqlFile;
  /** Marks it begun; null where an earlier run did. */
  readonly begin: Statement | null;
  readonly end: Statement;
  /** Takes the mark back: the statement failed and left nothing. */
  readonly undo: Statement;
}

/** "Exists already" and "does not exist": on a second try, the first one had reached its end. */
const ALREADY_DONE = ['42P07', '42710', '42701', '42704', '42P01'];

/**
 * Runs a file of one statement outside a transaction, between two records in the journal, so that a run that broke off
 * is seen (`started`) instead of guessed at.
 * @throws MigrationError `index.invalid` if it left an INVALID index, `migration.failed` otherwise.
 */
export async function runOutside(context: RunContext, run: OutsideRun): Promise<void> {
  const { file, begin } = run;
  if (begin !== null) await sendLocked(context, file.path, [begin]);
  context.say(`${file.path}: running outside a transaction; this may take long`);
  try {
    await context.connection.single({ query: file.statements[0] ?? '' });
  } catch (error) {
    const done = begin === null && ALREADY_DONE.includes(databaseRefusal(error)?.sqlstate ?? '');
    if (!done) throw await brokenOff(context, run, error);
    context.say(`${file.path}: the earlier try had done it`);
  }
  const invalid = await invalidIndexes(context.connection);
  if (invalid.length > 0) throw leftInvalid(run, invalid, undefined);
  await sendLocked(context, file.path, [run.end]);
}

async function brokenOff(context: RunContext, run: OutsideRun, error: unknown): Promise<unknown> {
  const refusal = databaseRefusal(error);
  if (refusal === null) return unknownEnd(run, error);
  const invalid = await invalidIndexes(context.connection);
  if (invalid.length > 0) return leftInvalid(run, invalid, error);
  await sendLocked(context, run.file.path, [run.undo]);
  return new MigrationError(
    'migration.failed',
    `${run.file.path} failed: ${describeRefusal(refusal)}. It left nothing behind.`,
    error,
  );
}

function leftInvalid(run: OutsideRun, invalid: readonly string[], error: unknown): MigrationError {
  const refusal = databaseRefusal(error);
  const why = refusal === null ? 'ended' : `failed: ${describeRefusal(refusal)}`;
  return new MigrationError(
    'index.invalid',
    `${run.file.path} ${why}.\n${invalidIndexAdvice(invalid, `npm run migrate:push -- --retry ${run.name}`)}`,
    error,
  );
}

function unknownEnd(run: OutsideRun, error: unknown): unknown {
  if (!(error instanceof MigrationError)) return error;
  return new MigrationError(
    'migration.started',
    `${run.file.path}: ${error.message} The server may still be at it. When it is not: npm run migrate:push -- --retry ${run.name}`,
    error.cause,
  );
}
