import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readMigrations } from '../../src/db/migrate/files.ts';
import { addFiles, directoryOf, refusalOf, TWO_FILES } from './support.ts';

describe('reading migrations', () => {
  it('gives them in order, with statements and down files', async () => {
    const files = await readMigrations(directoryOf(TWO_FILES));
    expect(files.map(({ name }) => name)).toEqual(['0000_users', '0001_posts']);
    expect(files[1]?.statements).toHaveLength(2);
    expect(files[1]?.down?.statements).toEqual(['drop table posts;']);
  });

  it('finds nothing in an empty directory, and says where a directory is missing', async () => {
    const directory = directoryOf({});
    expect(await readMigrations(directory)).toEqual([]);
    const refusal = await refusalOf(readMigrations(join(directory, 'absent')));
    expect(refusal.code).toBe('directory.invalid');
    expect(refusal.message).toContain(join(directory, 'absent'));
  });

  it('gives one checksum to a file whether its lines end in LF or CRLF, and another to other text', async () => {
    const checksum = async (sql: string): Promise<string | undefined> =>
      (await readMigrations(directoryOf({ '0000_a.sql': sql })))[0]?.checksum;
    const unix = await checksum('create table a (\n  b int\n);\n');
    expect(await checksum('create table a (\r\n  b int\r\n);\r\n')).toBe(unix);
    expect(await checksum('\uFEFFcreate table a (\n  b int\n);\n')).toBe(unix);
    expect(await checksum('create table a (\n  c int\n);\n')).not.toBe(unix);
  });

  it.each([
    [
      'a name without a number',
      { 'users.sql': 'select 1' },
      'file.invalid',
      /users\.sql is not named NNNN_what_changed/,
    ],
    ['a name in capitals', { '0000_Users.sql': 'select 1' }, 'file.invalid', /0000_Users\.sql/],
    [
      'a number given twice',
      { '0001_a.sql': 'select 1', '0001_b.sql': 'select 1' },
      'file.invalid',
      /0001_a\.sql and 0001_b\.sql/,
    ],
    ['an empty file', { '0000_a.sql': '-- to be written\n' }, 'file.invalid', /0000_a\.sql holds no statement/],
    [
      'two statements in one piece',
      { '0000_a.sql': 'select 1; select 2' },
      'file.invalid',
      /0000_a\.sql: statement 1 holds 2/,
    ],
    [
      'a down file of nothing',
      { '0000_a.sql': 'select 1', 'down/0000_b.sql': 'select 1' },
      'file.invalid',
      /down\/0000_b\.sql/,
    ],
    [
      'a no-transaction file of two statements',
      { '0000_a.sql': '-- no-transaction\nselect 1\n--> statement-breakpoint\nselect 2' },
      'file.invalid',
      /0000_a\.sql is marked "-- no-transaction" and holds 2 statements/,
    ],
  ])('refuses %s, naming the file', async (_, files, code, message) => {
    const refusal = await refusalOf(readMigrations(directoryOf(files)));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toMatch(message);
  });

  it('refuses a file over 8 MiB before reading it', async () => {
    const directory = directoryOf({ '0000_a.sql': `-- ${'x'.repeat(8 * 1024 * 1024)}\nselect 1;` });
    const refusal = await refusalOf(readMigrations(directory));
    expect(refusal.code).toBe('file.too_large');
    expect(refusal.message).toContain('0000_a.sql');
  });

  it('refuses a directory whose files and drizzle-kit list differ, naming the file', async () => {
    const directory = directoryOf(TWO_FILES);
    const journal = (...tags: string[]) => ({
      'meta/_journal.json': JSON.stringify({ entries: tags.map((tag) => ({ tag })) }),
    });
    addFiles(directory, journal('0000_users', '0001_posts'));
    expect(await readMigrations(directory)).toHaveLength(2);
    addFiles(directory, journal('0000_users'));
    expect((await refusalOf(readMigrations(directory))).message).toMatch(/0001_posts\.sql is not in .*_journal\.json/);
    addFiles(directory, journal('0000_users', '0001_posts', '0002_lost'));
    expect((await refusalOf(readMigrations(directory))).message).toMatch(/0002_lost\.sql is missing/);
    addFiles(directory, { 'meta/_journal.json': '<<<<<<<' });
    expect((await refusalOf(readMigrations(directory))).message).toMatch(/_journal\.json is not drizzle-kit's list/);
  });

  it('takes a down file without statements for missing, unless it says that nothing is to be undone', async () => {
    const directory = directoryOf({ '0000_a.sql': 'select 1', 'down/0000_a.sql': '-- to be written\n' });
    expect((await readMigrations(directory))[0]?.down).toBeNull();
    addFiles(directory, { 'down/0000_a.sql': '-- nothing to undo\n' });
    expect((await readMigrations(directory))[0]?.down?.statements).toEqual([]);
  });
});
