import type { MigrationConnection, Statement } from './connection.ts';
import { type Surround, withoutDefaultPrivileges } from './default-privileges.ts';
import type { SqlFile } from './files.ts';
import { type Limits, markProgress, takeLock } from './journal.ts';
import { withRetries } from './retry.ts';

/** What applying and rolling back have in common. */
export interface RunOptions {
  readonly connection: MigrationConnection;
  /** Where the migrations are, such as `drizzle`. */
  readonly directory: string;
  /** Longest wait for one lock, milliseconds. Default 1000: who waits longer blocks everyone who queues behind. */
  readonly lockTimeout?: number;
  /** How often a file is tried when a lock was not had in time. Default 20. */
  readonly lockAttempts?: number;
  /** Longest run of one statement, milliseconds; 0 is unlimited. Default 5000. Not for no-transaction files. */
  readonly statementTimeout?: number;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  /** One line per step, for people. */
  readonly onProgress?: (line: string) => void;
}

/** Everything that sending one file needs. */
export interface RunContext {
  readonly connection: MigrationConnection;
  readonly directory: string;
  readonly limits: Limits;
  readonly lockAttempts: number;
  readonly surround: Surround;
  readonly say: (line: string) => void;
}

/** The context of one run: limits with their defaults, and the owner's default privileges as they are now. */
export async function runContext(options: RunOptions): Promise<RunContext> {
  return {
    connection: options.connection,
    directory: options.directory,
    limits: { lockTimeout: options.lockTimeout ?? 1000, statementTimeout: options.statementTimeout ?? 5000 },
    lockAttempts: options.lockAttempts ?? 20,
    surround: await withoutDefaultPrivileges(options.connection),
    say: options.onProgress ?? (() => {}),
  };
}

/**
 * One file as one atomic batch: lock, journal, statements. Tried again while a lock is not had in time. Throws what the
 * driver threw; `explainFailure` makes it readable.
 * @param run a number from `newRun`, by which the failing statement is found afterwards.
 */
export async function sendFile(
  context: RunContext,
  send: { file: SqlFile; journal: Statement; run: number },
): Promise<void> {
  const { file, journal, run } = send;
  const statements = file.statements.flatMap((query, index) => [markProgress(run, index + 1), { query }]);
  await sendLocked(context, file.path, [journal, ...context.surround.before, ...statements, ...context.surround.after]);
}

/** A batch under the migration lock, tried again while a lock is not had in time. */
export async function sendLocked(context: RunContext, path: string, statements: readonly Statement[]): Promise<void> {
  const { connection, limits, lockAttempts } = context;
  await withRetries(async () => connection.batch([...takeLock(limits), ...statements]), {
    attempts: lockAttempts,
    // A deadlock with the application's own traffic is resolved by trying again, like a lock not had in time.
    mayPass: ({ sqlstate }) => ['55P03', '40P01', '40001'].includes(sqlstate),
    onRetry: (attempt, delay) => {
      context.say(
        `${path}: a lock was not free within ${limits.lockTimeout} ms; try ${attempt + 1} of ${lockAttempts} in ${Math.round(delay)} ms`,
      );
    },
  });
}
