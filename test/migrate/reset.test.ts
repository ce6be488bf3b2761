import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCatalogue } from '../../src/db/migrate/catalogue/read.ts';
import { applyMigrations, resetDatabase } from '../../src/db/migrate/index.ts';
import { addFiles, directoryOf, LOGINS, refusalOf, tablesOf, TWO_FILES, useDatabase } from './support.ts';
import { RICH_FILES } from './rich-schema.ts';

const { connection, query } = useDatabase();

describe('reset', { timeout: 120_000 }, () => {
  it('drops everything of Gatehouse, leaves the rest, and applies all migrations again', async () => {
    const directory = directoryOf(RICH_FILES);
    await applyMigrations({ connection, directory });
    const before = await readCatalogue(connection);
    await query(`insert into users (id, email) values ('1', 'a@b')`);
    await query('create table theirs (a int)');
    const result = await resetDatabase({ connection, directory, logins: LOGINS, environment: 'development' });
    expect(result.applied).toHaveLength(4);
    expect((await query('select * from users')).rows).toEqual([]);
    expect(await tablesOf(connection)).toContain('theirs');
    await query('drop table theirs');
    expect(await readCatalogue(connection)).toEqual(before);
  });

  it('helps where an applied file was changed, and says what may be left of files that are gone', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0000_users.sql': 'create table users (id text primary key);' });
    rmSync(join(directory, '0001_posts.sql'));
    rmSync(join(directory, 'down/0001_posts.sql'));
    const result = await resetDatabase({ connection, directory, logins: LOGINS, environment: 'development' });
    expect(result.applied.map(({ name }) => name)).toEqual(['0000_users']);
    expect(result.notes.join('\n')).toMatch(/0001_posts was unknown.*may still be there/);
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });

  it('outside development is refused unless the name of the database is typed', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    for (const environment of [undefined, 'production', 'Development']) {
      const refusal = await refusalOf(resetDatabase({ connection, directory, logins: LOGINS, environment }));
      expect(refusal.code).toBe('reset.refused');
      expect(refusal.message).toContain('--database NAME');
      expect(refusal.message).toContain(connection.target);
    }
    const wrong = { connection, directory, logins: LOGINS, environment: 'development', confirmedDatabase: 'other' };
    expect((await refusalOf(resetDatabase(wrong))).message).toContain('not named "other"');
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
    await resetDatabase({
      connection,
      directory,
      logins: LOGINS,
      environment: 'production',
      confirmedDatabase: 'postgres',
    });
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });

  it('drops nothing when the migrations on disk do not apply', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    await query(`insert into users values ('1', 'a@b')`);
    addFiles(directory, { '0002_bad.sql': 'create tabel x (a int);' });
    const refusal = await refusalOf(
      resetDatabase({ connection, directory, logins: LOGINS, environment: 'development' }),
    );
    expect(refusal.message).toMatch(/0002_bad\.sql, statement 1 of 1 failed: syntax error/);
    expect((await query('select id from users')).rows).toEqual([{ id: '1' }]);
  });
});
