import type { MigrationConnection } from './connection.ts';
import { readMigrations } from './files.ts';
import { readJournal } from './journal.ts';
import { migrationStatuses, type MigrationStatus } from './status.ts';

export interface ListResult {
  readonly target: string;
  /** Whether `initialize` has been run. */
  readonly initialized: boolean;
  readonly migrations: readonly MigrationStatus[];
}

/** Every migration on disk or in the journal, with its state. Changes nothing. */
export async function listMigrations(options: {
  connection: MigrationConnection;
  directory: string;
}): Promise<ListResult> {
  const { connection, directory } = options;
  const files = await readMigrations(directory);
  const journal = await readJournal(connection);
  return {
    target: connection.target,
    initialized: journal !== null,
    migrations: migrationStatuses(files, journal ?? []),
  };
}
