import { describe, expect, it } from 'vitest';

import { applyMigrations, listMigrations, rollbackMigrations } from '../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf, tablesOf, useDatabase } from './support.ts';

const { connection, query } = useDatabase();

const TABLE = { '0000_a.sql': 'create table a (b int);\n', 'down/0000_a.sql': 'drop table a;\n' };
const INDEX = {
  ...TABLE,
  '0001_index.sql': '-- no-transaction\ncreate unique index concurrently a_b on a (b);\n',
  'down/0001_index.sql': '-- no-transaction\ndrop index concurrently a_b;\n',
};

async function stateOf(directory: string, wanted: string): Promise<string | undefined> {
  const { migrations } = await listMigrations({ connection, directory });
  return migrations.find(({ name }) => name === wanted)?.state;
}

/** As a run leaves it that lost its connection an hour ago, before it could record the end. */
async function breakOff(name: string): Promise<void> {
  await query(
    `update gatehouse.migrations set applied_at = null, started_at = now() - interval '1 hour' where name = $1`,
    [name],
  );
}

async function indexes(): Promise<unknown[]> {
  return (
    await query(
      `select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 'a'::regclass`,
    )
  ).rows;
}

describe('a no-transaction migration', () => {
  it('is applied outside a transaction, and rolled back so', async () => {
    const directory = directoryOf(INDEX);
    const { applied } = await applyMigrations({ connection, directory });
    expect(applied.map(({ name }) => name)).toEqual(['0000_a', '0001_index']);
    expect(await stateOf(directory, '0001_index')).toBe('applied');
    expect(await indexes()).toEqual([{ name: 'a_b', valid: true }]);
    await rollbackMigrations({ connection, directory, steps: 1 });
    expect(await stateOf(directory, '0001_index')).toBe('pending');
    expect(await indexes()).toEqual([]);
  });

  it('cannot be run inside a transaction, which is why it is marked', async () => {
    const directory = directoryOf({ ...TABLE, '0001_index.sql': 'create index concurrently a_b on a (b);\n' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.message).toMatch(/cannot run inside a transaction block.*first line is "-- no-transaction"/);
  });

  it('that fails and leaves nothing is pending again', async () => {
    const directory = directoryOf({
      ...TABLE,
      '0001_index.sql': '-- no-transaction\ncreate index concurrently a_c on a (c);\n',
    });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.failed');
    expect(refusal.message).toMatch(/0001_index\.sql failed: column "c" does not exist/);
    expect(await stateOf(directory, '0001_index')).toBe('pending');
  });

  it('that leaves an INVALID index is refused until the index is dropped, and then resumes with --retry', async () => {
    const directory = directoryOf(INDEX);
    await applyMigrations({ connection, directory, upTo: '0000_a' });
    await query('insert into a values (1), (1)');
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('index.invalid');
    expect(refusal.message).toContain('drop index concurrently public.a_b');
    expect(refusal.message).toContain('--retry 0001_index');
    expect(await indexes()).toEqual([{ name: 'a_b', valid: false }]);
    expect(await stateOf(directory, '0001_index')).toBe('started');
    expect((await refusalOf(applyMigrations({ connection, directory, retry: '0001_index' }))).code).toBe(
      'index.invalid',
    );

    await query('drop index concurrently a_b');
    await query('delete from a');
    const { applied } = await applyMigrations({ connection, directory, retry: '0001_index' });
    expect(applied.map(({ name }) => name)).toEqual(['0001_index']);
    expect(await indexes()).toEqual([{ name: 'a_b', valid: true }]);
  });

  it('that broke off stops every push, which names it and says how to go on', async () => {
    const directory = directoryOf(INDEX);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0002_more.sql': 'create table more (a int);' });
    await breakOff('0001_index');
    expect(await stateOf(directory, '0001_index')).toBe('started');
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('migration.started');
    expect(refusal.message).toContain('0001_index.sql was begun');
    expect(refusal.message).toContain('npm run migrate:push -- --retry 0001_index');
    expect(await tablesOf(connection)).toEqual(['a']);
    expect((await refusalOf(rollbackMigrations({ connection, directory, steps: 1 }))).code).toBe('migration.started');
  });

  it('that had reached its end before it broke off is done when it is tried again', async () => {
    const directory = directoryOf(INDEX);
    await applyMigrations({ connection, directory });
    await breakOff('0001_index');
    await applyMigrations({ connection, directory, retry: '0001_index' });
    expect(await stateOf(directory, '0001_index')).toBe('applied');
  });

  it('can only be tried again when it was begun', async () => {
    const directory = directoryOf(INDEX);
    await applyMigrations({ connection, directory });
    const refusal = await refusalOf(applyMigrations({ connection, directory, retry: '0001_index' }));
    expect(refusal.code).toBe('retry.invalid');
    expect(refusal.message).toContain('0001_index');
  });
});

describe('an INVALID index that no migration of ours made', () => {
  it('stops a push too, with the advice to drop it', async () => {
    const directory = directoryOf({ ...TABLE });
    await applyMigrations({ connection, directory });
    await query('insert into a values (1), (1)');
    await expect(query('create unique index concurrently "odd Name" on a (b)')).rejects.toThrow(
      /could not create unique/,
    );
    addFiles(directory, { '0001_more.sql': 'create table more (a int);' });
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.code).toBe('index.invalid');
    expect(refusal.message).toContain('drop index concurrently public."odd Name"');
    expect(await tablesOf(connection)).toEqual(['a']);
  });
});
