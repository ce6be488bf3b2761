import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { applyMigrations, listMigrations, type MigrationState } from '../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf, tablesOf, TWO_FILES, useDatabase } from './support.ts';

const { connection, query } = useDatabase();

async function statesOf(directory: string): Promise<Record<string, MigrationState>> {
  const { migrations } = await listMigrations({ connection, directory });
  return Object.fromEntries(migrations.map(({ name, state }) => [name, state]));
}

describe('applying migrations', () => {
  it('applies what is pending, once', async () => {
    const directory = directoryOf(TWO_FILES);
    expect(await statesOf(directory)).toEqual({ '0000_users': 'pending', '0001_posts': 'pending' });
    const first = await applyMigrations({ connection, directory });
    expect(first.applied.map(({ name }) => name)).toEqual(['0000_users', '0001_posts']);
    expect(await statesOf(directory)).toEqual({ '0000_users': 'applied', '0001_posts': 'applied' });
    expect((await applyMigrations({ connection, directory })).applied).toEqual([]);
    const { rows } = await query('select name, predecessor, checksum from gatehouse.migrations order by name');
    expect(rows).toMatchObject([
      { name: '0000_users', predecessor: null },
      { name: '0001_posts', predecessor: '0000_users' },
    ]);
  });

  it('says when there is nothing on disk, and when the database is not prepared', async () => {
    const directory = directoryOf({});
    expect(await listMigrations({ connection, directory })).toMatchObject({ initialized: true, migrations: [] });
    await query('drop schema gatehouse cascade');
    expect(await listMigrations({ connection, directory })).toMatchObject({ initialized: false, migrations: [] });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('database.not_initialized');
    expect(refusal.message).toContain('npm run migrate:init');
  });

  it('changes nothing in a dry run and says what it would send', async () => {
    const directory = directoryOf(TWO_FILES);
    const result = await applyMigrations({ connection, directory, dryRun: true });
    expect(result.target).toBe(connection.target);
    expect(result.planned?.map(({ statements }) => statements.length)).toEqual([1, 2]);
    expect(await tablesOf(connection)).toEqual([]);
    expect(await statesOf(directory)).toEqual({ '0000_users': 'pending', '0001_posts': 'pending' });
  });

  it('applies nothing of a file that fails, keeps the files before it, and says which statement it was', async () => {
    const directory = directoryOf({
      ...TWO_FILES,
      '0002_bad.sql': 'create table half (a int);\n--> statement-breakpoint\nalter table nowhere add column b int;\n',
    });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.failed');
    expect(refusal.message).toMatch(
      /0002_bad\.sql, statement 2 of 2 failed: relation "nowhere" does not exist \(42P01\)/,
    );
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
    expect(await statesOf(directory)).toMatchObject({ '0001_posts': 'applied', '0002_bad': 'pending' });
  });

  it("reports a file's own unique violation as a failure, not as another run's work", async () => {
    const directory = directoryOf({
      '0000_a.sql': 'create table a (b int primary key);\n--> statement-breakpoint\ninsert into a values (1), (1);',
    });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.failed');
    expect(refusal.message).toMatch(/statement 2 of 2 failed: duplicate key/);
  });

  it('stops at the migration it is told to stop at', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory, upTo: '0000_users' });
    expect(await statesOf(directory)).toEqual({ '0000_users': 'applied', '0001_posts': 'pending' });
  });

  it('runs on its own search path, whatever the role has', async () => {
    await query('create schema elsewhere');
    await query('alter role postgres set search_path = elsewhere');
    try {
      await applyMigrations({ connection, directory: directoryOf(TWO_FILES) });
      expect(await tablesOf(connection)).toEqual(['posts', 'users']);
    } finally {
      await query('alter role postgres reset search_path');
      await query('drop schema elsewhere cascade');
    }
  });
});

describe('applying migrations is refused', () => {
  it('when an applied file was changed', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    addFiles(directory, {
      '0000_users.sql': 'create table people (id int);',
      '0002_more.sql': 'create table more (a int);',
    });
    expect(await statesOf(directory)).toMatchObject({ '0000_users': 'changed', '0002_more': 'pending' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.changed');
    expect(refusal.message).toMatch(/0000_users\.sql was changed.*Restore/);
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });

  it('not when only the line ends of an applied file changed', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0001_posts.sql': TWO_FILES['0001_posts.sql'].replaceAll('\n', '\r\n') });
    expect(await statesOf(directory)).toEqual({ '0000_users': 'applied', '0001_posts': 'applied' });
  });

  it('when a pending file is older than an applied one', async () => {
    const directory = directoryOf({ '0001_b.sql': 'create table b (a int);' });
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0000_a.sql': 'create table a (a int);' });
    expect(await statesOf(directory)).toEqual({ '0000_a': 'out_of_order', '0001_b': 'applied' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.out_of_order');
    expect(refusal.message).toMatch(/0000_a\.sql is older.*next free number/);
  });

  it('when an applied file is not on disk', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    rmSync(join(directory, '0001_posts.sql'));
    rmSync(join(directory, 'down/0001_posts.sql'));
    expect(await statesOf(directory)).toEqual({ '0000_users': 'applied', '0001_posts': 'unknown' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.unknown');
    expect(refusal.message).toMatch(/0001_posts\.sql was applied to this database and is not on disk/);
  });

  it('with every reason at once, when there are several', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    rmSync(join(directory, '0001_posts.sql'));
    rmSync(join(directory, 'down/0001_posts.sql'));
    addFiles(directory, { '0000_users.sql': 'create table people (id int);' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.message).toContain('0000_users.sql was changed');
    expect(refusal.message).toContain('0001_posts.sql was applied');
  });
});
