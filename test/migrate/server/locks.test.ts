import { describe, expect, it } from 'vitest';

import { applyMigrations, listMigrations } from '../../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf } from '../support.ts';
import { prepare, useServerDatabase } from './support.ts';

const database = useServerDatabase();
const TABLE = { '0000_a.sql': 'create table a (b int);' };

describe('a lock that is not free', () => {
  it('on a table is waited for so long and so often, and then reported with the statement that waited', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(TABLE);
    await applyMigrations({ connection, directory });
    addFiles(directory, {
      '0001_c.sql': 'create table c (d int);\n--> statement-breakpoint\nalter table a add column c int;',
    });
    const other = await database.client();
    await other.query('begin');
    await other.query('select * from a');
    const lines: string[] = [];
    const work = applyMigrations({
      connection,
      directory,
      lockTimeout: 50,
      lockAttempts: 3,
      onProgress: (line) => lines.push(line),
    });
    const refusal = await refusalOf(work);
    expect(refusal.code).toBe('migration.locked');
    expect(refusal.message).toMatch(/0001_c\.sql, statement 2 of 2: no lock after 3 tries of 50 ms: a table it needs/);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/a lock was not free within 50 ms; try 2 of 3/);
    expect((await listMigrations({ connection, directory })).migrations.at(-1)?.state).toBe('pending');

    await other.query('commit');
    expect((await applyMigrations({ connection, directory })).applied).toHaveLength(1);
  });

  it('is had in the end when its holder lets go between two tries', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(TABLE);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0001_c.sql': 'alter table a add column c int;' });
    const other = await database.client();
    await other.query('begin');
    await other.query('select * from a');
    const result = await applyMigrations({
      connection,
      directory,
      lockTimeout: 50,
      onProgress: (line) => {
        if (line.includes('try 3')) void other.query('commit');
      },
    });
    expect(result.applied.map(({ name }) => name)).toEqual(['0001_c']);
  });

  it('of the migrations themselves is reported with the process that holds it', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(TABLE);
    const other = await database.client();
    await other.query(`set application_name = 'a slow push'`);
    await other.query('begin');
    await other.query('select pg_advisory_xact_lock(4720301122)');
    const refusal = await refusalOf(applyMigrations({ connection, directory, lockTimeout: 50, lockAttempts: 2 }));
    await other.query('commit');
    expect(refusal.code).toBe('migration.locked');
    expect(refusal.message).toMatch(
      /0000_a\.sql: no lock after 2 tries.*another migration run holds the lock \(process \d+ \(a slow push\)/,
    );
  });
});

describe('a statement that takes too long', () => {
  it('is cancelled at the limit, leaves nothing, and passes with a longer one', async () => {
    const connection = await prepare(database);
    const directory = directoryOf({
      '0000_slow.sql': 'create table a (b int);\n--> statement-breakpoint\nselect pg_sleep(0.4);',
    });
    const refusal = await refusalOf(applyMigrations({ connection, directory, statementTimeout: 100 }));
    expect(refusal.code).toBe('migration.failed');
    expect(refusal.message).toMatch(/statement 2 of 2 was cancelled \(statement timeout 100 ms\).*--statement-timeout/);
    await applyMigrations({ connection, directory, statementTimeout: 0 });
  });
});

describe('a connection that is lost', () => {
  it('in the middle of a file leaves nothing, and the message says where to look', async () => {
    const connection = await prepare(database);
    const directory = directoryOf({
      '0000_lost.sql':
        'create table a (b int);\n--> statement-breakpoint\nselect pg_terminate_backend(pg_backend_pid());',
    });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.message).toMatch(/0000_lost\.sql/);
    const again = database.connect();
    expect((await listMigrations({ connection: again, directory })).migrations).toMatchObject([{ state: 'pending' }]);
  });
});
