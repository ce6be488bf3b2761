import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readMigrations } from '../../src/db/migrate/files.ts';
import { createMigration } from '../../src/db/migrate/index.ts';
import { refusalOf } from './support.ts';

/** The schema must find drizzle-orm, so its directory lies inside the project. */
const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));
let directory = '';
let schema = '';

beforeAll(() => {
  mkdirSync(CACHE, { recursive: true });
  const root = mkdtempSync(join(CACHE, 'create-'));
  directory = join(root, 'drizzle');
  schema = join(root, 'schema.ts');
  writeSchema('');
});

afterAll(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function writeSchema(more: string): void {
  writeFileSync(
    schema,
    `import { pgTable, text, integer } from 'drizzle-orm/pg-core';
export const users = pgTable('users', { id: text('id').primaryKey() });
${more}`,
  );
}

describe('making migrations', { timeout: 120_000 }, () => {
  it('takes changes of the schema from drizzle-kit and drafts how to undo them', async () => {
    const first = await createMigration({ directory, schema, name: 'users' });
    expect(first).toMatchObject({ name: '0000_users', downDrafted: false });
    expect(readFileSync(first.path, 'utf8')).toContain('CREATE TABLE "users"');
    writeSchema(`export const posts = pgTable('posts', { id: integer('id').primaryKey() });`);
    const second = await createMigration({ directory, schema, name: 'add_posts' });
    expect(second).toMatchObject({ name: '0001_add_posts', downDrafted: true });
    expect(readFileSync(second.downPath, 'utf8')).toContain('DROP TABLE "posts"');
  });

  it('says when the schema has not changed, and makes a file to write by hand when asked', async () => {
    expect((await refusalOf(createMigration({ directory, schema, name: 'nothing' }))).code).toBe('generate.nothing');
    const custom = await createMigration({ directory, schema, name: 'backfill', custom: true });
    expect(custom).toMatchObject({ name: '0002_backfill', downDrafted: false });
    writeFileSync(custom.path, 'update users set id = id;\n');
    const files = await readMigrations(directory);
    expect(files.map(({ name, down }) => [name, down !== null])).toEqual([
      ['0000_users', false],
      ['0001_add_posts', true],
      ['0002_backfill', false],
    ]);
  });

  it.each(['Users', 'add users', '../x', 'a__b', '1st', '', 'a;b', 'x'.repeat(61)])(
    'refuses the name %j',
    async (name) => {
      const refusal = await refusalOf(createMigration({ directory, schema, name }));
      expect(refusal.code).toBe('name.invalid');
      expect(refusal.message).toContain('snake_case');
    },
  );

  it('passes on why drizzle-kit failed', async () => {
    writeSchema('export const broken = ;');
    const refusal = await refusalOf(createMigration({ directory, schema, name: 'broken' }));
    expect(refusal.code).toBe('generate.failed');
    expect(refusal.message.length).toBeGreaterThan(30);
  });
});
