import { describe, expect, it } from 'vitest';

import { applyMigrations, checkMigrations, type CheckResult } from '../../src/db/migrate/index.ts';
import { addFiles, directoryOf, refusalOf, TWO_FILES, useDatabase } from './support.ts';

const { connection, query } = useDatabase();

async function check(directory: string): Promise<CheckResult> {
  const logins = { app: { name: 'gatehouse_app' }, service: { name: 'gatehouse_service' } };
  return checkMigrations({ connection, directory, logins });
}

describe('check', { timeout: 120_000 }, () => {
  it('is content when the database is what the migrations say', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    expect(await check(directory)).toMatchObject({ ok: true, problems: [], notes: [] });
  });

  it('finds what is pending, and drift in what is applied', async () => {
    const directory = directoryOf({ ...TWO_FILES, '0002_more.sql': 'create table more (a int);' });
    await applyMigrations({ connection, directory, upTo: '0001_posts' });
    await query('alter table users add column extra int');
    await query('create table theirs (a int)');
    const result = await check(directory);
    expect(result.ok).toBe(false);
    expect(result.problems.map(({ kind }) => kind)).toEqual(['migration', 'drift']);
    expect(result.problems[0]?.message).toMatch(/0002_more\.sql is pending/);
    expect(result.notes).toEqual(["Not Gatehouse's: table public.theirs"]);
  });

  it('finds a changed file and then does not look for drift', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    addFiles(directory, { '0000_users.sql': 'create table people (id int);' });
    const result = await check(directory);
    expect(result.problems.map(({ kind }) => kind)).toEqual(['migration']);
    expect(result.problems[0]?.message).toMatch(/0000_users\.sql was changed/);
    expect(result.notes).toEqual(['Drift was not looked for: first put the migrations in order.']);
  });

  it('finds an INVALID index, a role that is too strong and a role that is missing', async () => {
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    await query(`insert into users values ('1', 'same'), ('2', 'same')`);
    await expect(query('create unique index concurrently twice on users (email)')).rejects.toThrow(/could not create/);
    await query('alter role gatehouse_app inherit');
    const logins = { app: { name: 'gatehouse_app' }, service: { name: 'nobody' } };
    const result = await checkMigrations({ connection, directory, logins });
    await query('alter role gatehouse_app noinherit');
    const messages = result.problems.map(({ kind, message }) => `${kind}: ${message}`).join('\n');
    expect(messages).toMatch(/index: Index public\.twice is INVALID.*drop index concurrently public\.twice/);
    expect(messages).toMatch(/role: DATABASE_URL: gatehouse_app is INHERIT/);
    expect(messages).toMatch(/role: SERVICE_DATABASE_URL: there is no role nobody/);
  });

  it('refuses a database that is not prepared', async () => {
    await query('drop schema gatehouse cascade');
    expect((await refusalOf(check(directoryOf(TWO_FILES)))).code).toBe('database.not_initialized');
  });
});
