import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach } from 'vitest';

import {
  connectPglite,
  initialize,
  type MigrationConnection,
  MigrationError,
  type WorkerLogins,
} from '../../src/db/migrate/index.ts';

export const LOGINS: WorkerLogins = {
  app: { name: 'gatehouse_app', password: 'app-password' },
  service: { name: 'gatehouse_service', password: 'service-password' },
};

/** Two small migrations with their down files. */
export const TWO_FILES = {
  '0000_users.sql': 'create table users (id text primary key, email text not null);\n',
  '0001_posts.sql':
    'create table posts (id int primary key, user_id text references users (id));\n--> statement-breakpoint\ncreate index posts_user on posts (user_id);\n',
  'down/0000_users.sql': 'drop table users;\n',
  'down/0001_posts.sql': 'drop table posts;\n',
};

const directories: string[] = [];

afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory with these files, removed when the tests of the file have ended. */
export function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'));
  directories.push(directory);
  addFiles(directory, files);
  return directory;
}

export function addFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** An embedded database for the tests of a file, emptied before each; `prepared` runs `initialize` on it too. */
export function useDatabase(prepared = true): {
  connection: MigrationConnection;
  query: typeof PGlite.prototype.query;
} {
  let database: PGlite | undefined;
  const opened = (): PGlite => {
    if (database === undefined) throw new Error('the database is opened before the first test');
    return database;
  };
  const connection: MigrationConnection = {
    target: 'embedded PostgreSQL (PGlite)',
    database: 'postgres',
    batch: async (statements) => connectPglite(opened()).batch(statements),
    single: async (statement) => connectPglite(opened()).single(statement),
    close: async () => {},
  };
  beforeAll(async () => {
    database = await PGlite.create();
  });
  afterAll(async () => opened().close());
  beforeEach(async () => {
    await opened().exec('drop schema if exists gatehouse cascade; drop schema public cascade; create schema public;');
    if (prepared) await initialize({ connection, logins: LOGINS });
  });
  return { connection, query: async (...args) => opened().query(...args) };
}

/** The MigrationError that the work must end in. */
export async function refusalOf(work: Promise<unknown>): Promise<MigrationError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The names of the tables in schema public. */
export async function tablesOf(connection: MigrationConnection): Promise<string[]> {
  const rows = await connection.single({
    query: `select relname::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  });
  return rows.map((row) => String(row['name']));
}
