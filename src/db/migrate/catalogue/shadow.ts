import { PGlite } from '@electric-sql/pglite';

import { applyMigrations } from '../apply.ts';
import type { MigrationConnection } from '../connection.ts';
import { connectPglite } from '../connections/pglite.ts';
import { initialize } from '../initialize.ts';

/** What a shadow is made from. */
export interface ShadowOptions {
  readonly directory: string;
  /** The last migration to apply. Default: all. */
  readonly upTo?: string;
  /** Names of the Worker's logins, so that grants to them compare. */
  readonly logins: { readonly app: string; readonly service: string };
}

/** Runs the work on what the migrations make: a fresh embedded PostgreSQL that is thrown away after. Takes seconds. */
export async function withShadow<T>(
  options: ShadowOptions,
  work: (connection: MigrationConnection) => Promise<T>,
): Promise<T> {
  const { directory, upTo, logins } = options;
  const database = await PGlite.create();
  try {
    const connection = connectPglite(database);
    const login = (name: string) => ({ name, password: 'unused' });
    await initialize({ connection, logins: { app: login(logins.app), service: login(logins.service) } });
    await applyMigrations({ connection, directory, upTo, statementTimeout: 0 });
    return await work(connection);
  } finally {
    await database.close();
  }
}
