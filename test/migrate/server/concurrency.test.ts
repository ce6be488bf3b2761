import { describe, expect, it } from 'vitest';

import { startNeonLocal } from '../../../scripts/neon-local/index.ts';
import {
  applyMigrations,
  connectNeon,
  initialize,
  listMigrations,
  type MigrationConnection,
  parseAddress,
  rollbackMigrations,
} from '../../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf } from '../support.ts';
import { prepare, useServerDatabase } from './support.ts';

const database = useServerDatabase();

/** Every file leaves a mark that shows how often it ran, and takes long enough for the others to arrive. */
const COUNTED = {
  '0000_marks.sql': `create table marks (file text);\n--> statement-breakpoint\ninsert into marks values ('0000');`,
  '0001_second.sql': `insert into marks values ('0001');\n--> statement-breakpoint\nselect pg_sleep(0.1);`,
  '0002_third.sql': `insert into marks values ('0002');`,
  '0003_index.sql': '-- no-transaction\ncreate index concurrently marks_file on marks (file);',
  '0004_last.sql': `insert into marks values ('0004');`,
  'down/0003_index.sql': '-- no-transaction\ndrop index concurrently marks_file;',
  'down/0004_last.sql': `delete from marks where file = '0004';`,
};
const NAMES = ['0000_marks', '0001_second', '0002_third', '0003_index', '0004_last'];

async function marks(connection: MigrationConnection): Promise<unknown[]> {
  return (await connection.single({ query: 'select file from marks order by file' })).map((row) => row['file']);
}

describe('runs at the same time', () => {
  it.each([2, 10])('%i pushes apply each file exactly once, and all of them end well', async (runs) => {
    const owner = await prepare(database);
    const directory = directoryOf(COUNTED);
    const results = await Promise.all(
      Array.from({ length: runs }, async () => applyMigrations({ connection: database.connect(), directory })),
    );
    expect(await marks(owner)).toEqual(['0000', '0001', '0002', '0004']);
    expect(results.flatMap(({ applied }) => applied.map(({ name }) => name)).toSorted()).toEqual(NAMES);
    expect((await listMigrations({ connection: owner, directory })).migrations.map(({ state }) => state)).toEqual(
      NAMES.map(() => 'applied'),
    );
  });

  it("five pushes over Neon's HTTP do too", async () => {
    const owner = await prepare(database);
    const directory = directoryOf(COUNTED);
    const local = await startNeonLocal({ postgres: database.url() });
    try {
      const connect = (): MigrationConnection =>
        connectNeon(parseAddress('TEST_POSTGRES_URL', database.url()), local.url);
      await Promise.all(Array.from({ length: 5 }, async () => applyMigrations({ connection: connect(), directory })));
    } finally {
      await local.close();
    }
    expect(await marks(owner)).toEqual(['0000', '0001', '0002', '0004']);
  });

  it('five rollbacks of one migration take back one each time it is there', async () => {
    const owner = await prepare(database);
    const directory = directoryOf(COUNTED);
    await applyMigrations({ connection: owner, directory });
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, async () =>
        rollbackMigrations({ connection: database.connect(), directory, steps: 1 }),
      ),
    );
    const rolledBack = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.rolledBack : []));
    expect(rolledBack.filter((name) => name === '0004_last')).toHaveLength(1);
    expect(new Set(rolledBack).size).toBe(rolledBack.length);
  });

  it('two checkouts with different files under the same number: one wins, the other is told', async () => {
    const owner = await prepare(database);
    const ours = directoryOf({
      '0000_a.sql': 'create table a (b int);\n--> statement-breakpoint\nselect pg_sleep(0.3);',
    });
    const theirs = directoryOf({
      '0000_b.sql': 'create table b (b int);\n--> statement-breakpoint\nselect pg_sleep(0.3);',
    });
    const results = await Promise.allSettled(
      [ours, theirs].map(async (directory) => applyMigrations({ connection: database.connect(), directory })),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ name: 'MigrationError' });
    expect((failures[0] as { code: string }).code).toMatch(/^migration\.(unknown|out_of_order)$/);
    const rows = await owner.single({ query: 'select name from gatehouse.migrations' });
    expect(rows).toHaveLength(1);
  });

  it('a push with a changed file is refused even when the change came in between', async () => {
    const owner = await prepare(database);
    const first = directoryOf({ '0000_a.sql': 'create table a (b int);' });
    await applyMigrations({ connection: owner, directory: first });
    const second = directoryOf({ '0000_a.sql': 'create table a (c int);' });
    addFiles(second, { '0001_b.sql': 'create table b (b int);' });
    expect((await refusalOf(applyMigrations({ connection: database.connect(), directory: second }))).code).toBe(
      'migration.changed',
    );
  });

  it('ten inits of one database all end well', async () => {
    await prepare(database);
    const owner = database.connect();
    await owner.single({ query: 'drop schema gatehouse cascade' });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, async () => initialize({ connection: database.connect(), logins: database.logins })),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
  });
});
