import {
  databaseRefusal,
  describeRefusal,
  type MigrationConnection,
  MigrationError,
} from '../../src/db/migrate/index.ts';
import { UsageError as SettingsError } from '../migrate/arguments.ts';
import { connectTo } from '../migrate/connect.ts';
import { loadSettings, type Settings } from '../migrate/settings.ts';
import { UsageError } from '../support/command-line.ts';
import { developmentOwnerFile } from '../support/dev-settings.ts';
import { Refusal } from './result.ts';

/**
 * The owner's connection: to what the settings name, as the migration commands do; without settings, or with `dev`, to
 * the database of the `npm run dev` that runs in this directory.
 */
export function openTarget(
  environment: Settings,
  { dev, direct }: { dev?: boolean; direct?: boolean },
): MigrationConnection {
  const given = loadSettings(environment);
  const development = loadSettings({}, developmentOwnerFile);
  if (!dev && given['MIGRATION_DATABASE_URL']) return connectTo(given, 'MIGRATION_DATABASE_URL', direct === true);
  if (!development['MIGRATION_DATABASE_URL']) {
    throw new UsageError(
      dev
        ? 'npm run dev does not run in this directory.'
        : 'The setting MIGRATION_DATABASE_URL is missing, and npm run dev does not run in this directory. ' +
            'Set it in the environment or in .dev.vars, or start npm run dev.',
    );
  }
  return connectTo(development, 'MIGRATION_DATABASE_URL', false);
}

/** The error that a person reads, of whatever went wrong. */
export function sayWhatFailed(error: unknown): Refusal | UsageError {
  if (error instanceof Refusal || error instanceof UsageError) return error;
  if (error instanceof SettingsError) return new UsageError(error.message);
  if (error instanceof MigrationError) {
    return error.code.startsWith('setting.')
      ? new UsageError(error.message)
      : new Refusal('database.unreachable', error.message, error);
  }
  const refusal = databaseRefusal(error);
  if (refusal) return new Refusal('database.refused', `The database refused: ${describeRefusal(refusal)}`, error);
  const message = error instanceof Error ? error.message : String(error);
  return new Refusal('internal.error', `Unexpected failure: ${message}`, error);
}
