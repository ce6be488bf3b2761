import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCatalogue } from '../../src/db/migrate/catalogue/read.ts';
import { applyMigrations, rollbackMigrations } from '../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf, tablesOf, TWO_FILES, useDatabase } from './support.ts';

const { connection, query } = useDatabase();

describe('rolling back', () => {
  it('takes back the last n, newest first, with their journal rows', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const one = await rollbackMigrations({ connection, directory, steps: 1 });
    expect(one.rolledBack).toEqual(['0001_posts']);
    expect(await tablesOf(connection)).toEqual(['users']);
    await applyMigrations({ connection, directory });
    const two = await rollbackMigrations({ connection, directory, steps: 2 });
    expect(two.rolledBack).toEqual(['0001_posts', '0000_users']);
    expect(await tablesOf(connection)).toEqual([]);
    expect((await query('select * from gatehouse.migrations')).rows).toEqual([]);
  });

  it('and applying again gives the same schema', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const before = await readCatalogue(connection);
    await rollbackMigrations({ connection, directory, steps: 2 });
    await applyMigrations({ connection, directory });
    expect(await readCatalogue(connection)).toEqual(before);
  });

  it('changes nothing in a dry run and shows the down statements', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const { planned } = await rollbackMigrations({ connection, directory, steps: 2, dryRun: true });
    expect(planned).toMatchObject([{ statements: ['drop table posts;'] }, { statements: ['drop table users;'] }]);
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });

  it('forgets a migration that has nothing to undo', async () => {
    const directory = directoryOf({ ...TWO_FILES, 'down/0001_posts.sql': '-- nothing to undo\n' });
    await applyMigrations({ connection, directory });
    await rollbackMigrations({ connection, directory, steps: 1 });
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
    expect((await query('select name from gatehouse.migrations')).rows).toEqual([{ name: '0000_users' }]);
  });

  it('does nothing of a down file that fails, and says which statement it was', async () => {
    const directory = directoryOf({
      ...TWO_FILES,
      'down/0001_posts.sql': 'drop index posts_user;\n--> statement-breakpoint\ndrop table nowhere;\n',
    });
    await applyMigrations({ connection, directory });
    const before = await readCatalogue(connection);
    const refusal = await refusalOf(rollbackMigrations({ connection, directory, steps: 1 }));
    expect(refusal.message).toMatch(/down\/0001_posts\.sql, statement 2 of 2 failed: table "nowhere" does not exist/);
    expect(await readCatalogue(connection)).toEqual(before);
  });
});

describe('rolling back is refused before anything is done', () => {
  it('when one of the down files is missing', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    rmSync(join(directory, 'down/0000_users.sql'));
    const refusal = await refusalOf(rollbackMigrations({ connection, directory, steps: 2 }));
    expect(refusal.code).toBe('down.missing');
    expect(refusal.message).toContain('down/0000_users.sql is missing');
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });

  it('when fewer were applied than are to be taken back', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const refusal = await refusalOf(rollbackMigrations({ connection, directory, steps: 3 }));
    expect(refusal.code).toBe('down.too_many');
    expect(refusal.message).toContain('2 migrations applied');
  });

  it('when the file was changed since, or is not on disk', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0001_posts.sql': 'create table other (a int);' });
    expect((await refusalOf(rollbackMigrations({ connection, directory, steps: 1 }))).code).toBe('migration.changed');
    rmSync(join(directory, '0001_posts.sql'));
    rmSync(join(directory, 'down/0001_posts.sql'));
    expect((await refusalOf(rollbackMigrations({ connection, directory, steps: 1 }))).code).toBe('migration.unknown');
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
  });
});
