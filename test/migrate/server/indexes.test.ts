import { describe, expect, it } from 'vitest';

import { applyMigrations, checkMigrations, listMigrations, rollbackMigrations } from '../../../src/db/migrate/index.ts';
import { directoryOf, refusalOf } from '../support.ts';
import { prepare, useServerDatabase } from './support.ts';

const database = useServerDatabase();
const FILES = {
  '0000_a.sql': 'create table a (b int);',
  '0001_index.sql': '-- no-transaction\ncreate unique index concurrently a_b on a (b);',
  'down/0001_index.sql': '-- no-transaction\ndrop index concurrently a_b;',
};

describe('an index made concurrently', () => {
  it('waits for running transactions, as it must, however short lock_timeout is', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(FILES);
    await applyMigrations({ connection, directory, upTo: '0000_a' });
    const other = await database.client();
    await other.query('begin');
    await other.query('insert into a values (1)');
    const watched = await database.client();
    const push = applyMigrations({ connection, directory, lockTimeout: 50, statementTimeout: 50 });
    const waits = async (): Promise<boolean> => {
      const { rowCount } = await watched.query(
        `select 1 from pg_stat_activity where query like '%a_b on a%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()`,
      );
      return rowCount === 1;
    };
    await expect.poll(waits, { timeout: 20_000 }).toBe(true);
    // A second push sees it being built: it waits too, and does not take it for broken off.
    const second = applyMigrations({ connection: database.connect(), directory });
    await watched.query(
      `update gatehouse.migrations set started_at = now() - interval '1 hour' where applied_at is null`,
    );
    const retry = applyMigrations({ connection: database.connect(), directory, retry: '0001_index' });
    expect((await refusalOf(retry)).message).toContain('still at work on 0001_index');
    await other.query('commit');
    expect((await push).applied.map(({ name }) => name)).toEqual(['0001_index']);
    expect((await second).applied).toEqual([]);
    await rollbackMigrations({ connection, directory, steps: 1 });
  });

  it('that breaks off is found by push and check, and is done after the advice was followed', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(FILES);
    await applyMigrations({ connection, directory, upTo: '0000_a' });
    const other = await database.client();
    await other.query('begin');
    await other.query('insert into a values (1)');
    const push = refusalOf(applyMigrations({ connection, directory }));
    const killer = await database.client();
    const kill = async (): Promise<boolean> => {
      const { rows } = await killer.query(`select pg_terminate_backend(pid) as done from pg_stat_activity
        where query like '%a_b on a%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()`);
      return rows.length === 1;
    };
    await expect.poll(kill, { timeout: 20_000 }).toBe(true);
    const broken = await push;
    await other.query('commit');
    expect(broken.message).toContain('0001_index');

    const again = database.connect();
    expect((await listMigrations({ connection: again, directory })).migrations.at(-1)?.state).toBe('started');
    const logins = { app: database.logins.app, service: database.logins.service };
    const { problems } = await checkMigrations({ connection: again, directory, logins });
    expect(problems.map(({ message }) => message).join('\n')).toMatch(
      /0001_index\.sql was begun[\s\S]*INVALID.*drop index concurrently public\.a_b/,
    );

    await again.single({ query: 'drop index concurrently public.a_b' });
    const { applied } = await applyMigrations({ connection: again, directory, retry: '0001_index' });
    expect(applied.map(({ name }) => name)).toEqual(['0001_index']);
    expect((await listMigrations({ connection: again, directory })).migrations.at(-1)?.state).toBe('applied');
  });
});
