import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { MigrationError } from './errors.ts';
import { splitStatements, statementProblem } from './statements.ts';

/** Neon takes requests of 10 MiB; a file grows when it is put into JSON. */
const FILE_LIMIT = 8 * 1024 * 1024;
const NAME = /^(\d{4})_[a-z0-9_]+$/;
const NO_TRANSACTION = /^--\s*no-transaction\s*$/;
const NOTHING_TO_UNDO = /^--\s*nothing to undo\s*$/m;

/** A file of SQL as the engine runs it. */
export interface SqlFile {
  /** As the person sees it: the directory given, then the file. */
  readonly path: string;
  /** Line ends normalised to LF. */
  readonly sql: string;
  readonly statements: readonly string[];
  /** False where the first line is `-- no-transaction`: one statement, run outside a transaction. */
  readonly transaction: boolean;
}

/** A migration on disk. */
export interface MigrationFile extends SqlFile {
  /** `NNNN_what_changed`, without `.sql`. */
  readonly name: string;
  /** SHA-256 of the normalised text, hex. */
  readonly checksum: string;
  /** How to undo it; null where no down file exists. */
  readonly down: SqlFile | null;
}

/**
 * The migrations of a directory, in order, each with its down file.
 * @throws MigrationError `directory.invalid`, `file.invalid`, `file.too_large`, naming the file and what to do.
 */
export async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = await migrationNames(directory);
  await requireListed(directory, names);
  const downs = new Set(await downNames(directory, new Set(names)));
  const files: MigrationFile[] = [];
  for (const name of names) {
    const file = await readSql(join(directory, `${name}.sql`));
    if (file.statements.length === 0) {
      throw new MigrationError('file.invalid', `${file.path} holds no statement. Write one, or delete the file.`);
    }
    const down = downs.has(name) ? await readSql(join(directory, 'down', `${name}.sql`)) : null;
    files.push({ ...file, name, checksum: createHash('sha256').update(file.sql).digest('hex'), down: usable(down) });
  }
  return files;
}

async function migrationNames(directory: string): Promise<string[]> {
  const names = (await sqlNames(directory)).toSorted();
  let before: string | undefined;
  for (const name of names) {
    if (!NAME.test(name)) {
      const path = join(directory, `${name}.sql`);
      throw new MigrationError('file.invalid', `${path} is not named NNNN_what_changed.sql (lower case). Rename it.`);
    }
    if (before !== undefined && before.slice(0, 4) === name.slice(0, 4)) {
      throw new MigrationError(
        'file.invalid',
        `${before}.sql and ${name}.sql in ${directory} share a number, so their order is not certain. Give one the next free number.`,
      );
    }
    before = name;
  }
  return names;
}

async function downNames(directory: string, known: ReadonlySet<string>): Promise<string[]> {
  const down = join(directory, 'down');
  const names = await sqlNames(down, true);
  for (const name of names) {
    if (!known.has(name)) {
      throw new MigrationError(
        'file.invalid',
        `${join(down, `${name}.sql`)} undoes no migration of ${directory}. Rename or delete it.`,
      );
    }
  }
  return names;
}

async function sqlNames(directory: string, mayBeMissing = false): Promise<string[]> {
  try {
    const entries = await readdir(directory);
    return entries.filter((entry) => entry.endsWith('.sql')).map((entry) => entry.slice(0, -'.sql'.length));
  } catch (error) {
    if (mayBeMissing) return [];
    throw new MigrationError(
      'directory.invalid',
      `There is no readable directory of migrations at ${directory}.`,
      error,
    );
  }
}

/** drizzle-kit's own list must agree with the files: a file deleted before it was applied would vanish unseen. */
async function requireListed(directory: string, names: readonly string[]): Promise<void> {
  const path = join(directory, 'meta', '_journal.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return;
  let listed: Set<string>;
  try {
    const journal = JSON.parse(text) as { entries: { tag: string }[] };
    listed = new Set(journal.entries.map((entry) => entry.tag));
  } catch (error) {
    throw new MigrationError(
      'directory.invalid',
      `${path} is not drizzle-kit's list of migrations. Restore it from version control.`,
      error,
    );
  }
  const unlisted = names.find((name) => !listed.has(name));
  if (unlisted !== undefined) {
    throw new MigrationError(
      'file.invalid',
      `${join(directory, `${unlisted}.sql`)} is not in ${path}. Make files with migrate:new.`,
    );
  }
  const missing = [...listed].find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw new MigrationError(
      'file.invalid',
      `${path} lists ${missing}, but ${join(directory, `${missing}.sql`)} is missing. Restore it.`,
    );
  }
}

async function readSql(path: string): Promise<SqlFile> {
  const { size } = await stat(path);
  if (size > FILE_LIMIT) {
    throw new MigrationError(
      'file.too_large',
      `${path} has ${size} bytes; the limit is ${FILE_LIMIT} (8 MiB). Split it into several migrations.`,
    );
  }
  const sql = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const transaction = !NO_TRANSACTION.test(sql.split('\n', 1)[0] ?? '');
  const statements = splitStatements(sql);
  statements.forEach((statement, index) => {
    const problem = statementProblem(statement);
    if (problem !== null) throw new MigrationError('file.invalid', `${path}: statement ${index + 1} ${problem}.`);
  });
  if (!transaction && statements.length !== 1) {
    throw new MigrationError(
      'file.invalid',
      `${path} is marked "-- no-transaction" and holds ${statements.length} statements; it may hold exactly one. Split it.`,
    );
  }
  return { path, sql, statements, transaction };
}

/** An empty down file is a template nobody filled in, unless it says that there is nothing to undo. */
function usable(down: SqlFile | null): SqlFile | null {
  if (down === null || down.statements.length > 0 || NOTHING_TO_UNDO.test(down.sql)) return down;
  return null;
}
