import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type NeonLocal, startNeonLocal } from '../../scripts/neon-local/index.ts';
import { addFiles, directoryOf, TWO_FILES } from './support.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/migrate.ts', import.meta.url));
const PASSWORD = 'never-shown-password';

let local: NeonLocal;
let settings: Record<string, string>;

beforeAll(async () => {
  local = await startNeonLocal();
  const url = (user: string): string => `postgres://${user}:${PASSWORD}@localhost/postgres`;
  settings = {
    MIGRATION_DATABASE_URL: url('postgres'),
    DATABASE_URL: url('gatehouse_app'),
    SERVICE_DATABASE_URL: url('gatehouse_service'),
    NEON_SQL_ENDPOINT: local.url,
  };
});
afterAll(async () => local.close());

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as npm does, in a directory that has no settings of its own. */
async function migrate(
  words: readonly string[],
  run: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], ...(run.env ?? settings) };
  const child = spawn(process.execPath, [SCRIPT, ...words], {
    cwd: run.cwd ?? directoryOf({}),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(out + err).not.toContain(PASSWORD);
  expect(out + err).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
  return { code, out, err };
}

describe('the command line', { timeout: 180_000 }, () => {
  it('leads a database through its life', async () => {
    const cwd = directoryOf({});
    cpSync(directoryOf(TWO_FILES), join(cwd, 'drizzle'), { recursive: true });
    const early = await migrate(['list'], { cwd });
    expect(early).toMatchObject({ code: 0 });
    expect(early.out).toContain('npm run migrate:init');
    expect((await migrate(['init'], { cwd })).out).toMatch(
      /^Prepared postgres@localhost\/postgres .*created .*gatehouse_app/,
    );

    const dry = await migrate(['push', '--dry-run'], { cwd });
    expect(dry.out).toContain('create table users');
    expect(dry.out).toContain('Dry run: 2 migrations would be applied; nothing was changed.');
    const push = await migrate(['push', '--json'], { cwd });
    expect(JSON.parse(push.out)).toMatchObject({ applied: [{ name: '0000_users' }, { name: '0001_posts' }] });
    expect(push.err).toContain('0000_users.sql: applied in');
    expect((await migrate(['push'], { cwd })).out).toContain('Nothing is pending.');
    expect((await migrate(['list'], { cwd })).out).toMatch(
      /0000_users +applied +\d{4}-[\s\S]*All 2 migrations applied/,
    );
    expect(await migrate(['check'], { cwd })).toMatchObject({ code: 0 });

    const unconfirmed = await migrate(['down', '1'], { cwd });
    expect(unconfirmed.code).toBe(1);
    expect(unconfirmed.err).toMatch(/postgres@localhost\/postgres.*: 0001_posts\..*--yes/);
    expect((await migrate(['down', '1', '--dry-run'], { cwd })).out).toContain('drop table posts;');
    expect((await migrate(['down', '--', '1', '--yes'], { cwd })).out).toContain('Rolled back 1 migration.');
    const check = await migrate(['check'], { cwd });
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/migration: drizzle\/0001_posts\.sql is pending/);
    addFiles(cwd, {
      '.dev.vars': 'ENVIRONMENT="development"\n# a comment\nNEON_SQL_ENDPOINT=http://127.0.0.1:1/not-this\n',
    });
    expect(await migrate(['down', '1'], { cwd })).toMatchObject({ code: 0 });
    const reset = await migrate(['reset'], { cwd });
    expect(reset.out).toContain('applied 2 migrations');
    expect(reset.err).toContain('Target: postgres@localhost/postgres');
  });

  it('refuses to prepare logins of other names, which no migration would grant anything to', async () => {
    const env = { ...settings, DATABASE_URL: 'postgres://somebody:x@localhost/postgres' };
    const { code, err } = await migrate(['init'], { cwd: directoryOf({}), env });
    expect(code).not.toBe(0);
    expect(err).toMatch(/DATABASE_URL must name the login gatehouse_app/);
  });

  it('reports a wrong password of the Worker in check', async () => {
    const cwd = directoryOf({});
    cpSync(directoryOf(TWO_FILES), join(cwd, 'drizzle'), { recursive: true });
    await migrate(['init'], { cwd });
    const env = { ...settings, DATABASE_URL: 'postgres://nobody_known:x@localhost/postgres' };
    const { code, out } = await migrate(['check'], { cwd, env });
    expect(code).toBe(1);
    expect(out).toMatch(/role: DATABASE_URL: cannot connect as nobody_known/);
  });

  it('refuses what it does not know, by name, with exit code 2', async () => {
    const cases: [string[], RegExp][] = [
      [['sideways'], /no command "sideways".*init, new, list, push/],
      [['push', '--force'], /migrate:push has no option --force\. Options: --dir/],
      [['push', '-x'], /no option -x/],
      [['list', '--dry-run'], /migrate:list has no option --dry-run/],
      [['push', '--json=yes'], /--json takes no value/],
      [['push', '--dir'], /--dir needs a value: --dir PATH/],
      [['push', 'extra'], /does not take "extra"/],
      [['down'], /migrate:down needs N: how many/],
      [['down', 'two'], /N must be a whole number from 1, not "two"/],
      [['down', '0'], /N must be a whole number from 1, not "0"/],
      [['push', '--lock-timeout', '1s'], /--lock-timeout must be a whole number from 1, not "1s"/],
      [['new'], /migrate:new needs NAME/],
      [['new', 'Bad-Name'], /"Bad-Name" is not a name for a migration/],
    ];
    for (const [words, message] of cases) {
      const { code, err } = await migrate(words);
      expect([code, err], words.join(' ')).toEqual([2, expect.stringMatching(message)]);
    }
  });

  it('names a setting that is missing or malformed, with exit code 2', async () => {
    const missing = await migrate(['push'], { env: {} });
    expect(missing).toMatchObject({
      code: 2,
      err: expect.stringContaining('The setting MIGRATION_DATABASE_URL is missing.'),
    });
    const asJson = await migrate(['push', '--json'], { env: {} });
    expect(JSON.parse(asJson.out)).toMatchObject({
      error: { code: 'usage.invalid', message: expect.stringContaining('MIGRATION_DATABASE_URL') },
    });
    const { SERVICE_DATABASE_URL: _, ...without } = settings;
    expect(await migrate(['init'], { env: without })).toMatchObject({
      code: 2,
      err: expect.stringContaining('SERVICE_DATABASE_URL'),
    });
    const malformed = await migrate(['list'], { env: { ...settings, MIGRATION_DATABASE_URL: `http://${PASSWORD}@x` } });
    expect(malformed).toMatchObject({
      code: 2,
      err: expect.stringContaining('MIGRATION_DATABASE_URL must begin with postgres'),
    });
    const open = await migrate(['init'], {
      env: { ...settings, DATABASE_URL: 'postgres://gatehouse_app@localhost/postgres' },
    });
    expect(open).toMatchObject({ code: 2, err: expect.stringContaining('DATABASE_URL holds no password') });
    const away = await migrate(['list'], { env: { ...settings, NEON_SQL_ENDPOINT: 'http://example.com/sql' } });
    expect(away).toMatchObject({ code: 2, err: expect.stringContaining('NEON_SQL_ENDPOINT must be') });
  });

  it('refuses with exit code 1 and one clear line where the directory or the server is missing', async () => {
    expect(await migrate(['list'])).toMatchObject({
      code: 1,
      err: 'There is no readable directory of migrations at drizzle.\n',
    });
    const env = {
      ...settings,
      NEON_SQL_ENDPOINT: '',
      MIGRATION_DATABASE_URL: `postgres://a:${PASSWORD}@127.0.0.1:1/b`,
    };
    const cwd = directoryOf({ 'drizzle/0000_a.sql': 'select 1;' });
    expect(await migrate(['list'], { cwd, env })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Cannot connect to a@127\.0\.0\.1:1\/b \(TCP\): .*\n$/),
    });
  });

  it('explains every command and every option with --help', async () => {
    const general = await migrate(['--help'], { env: {} });
    expect(general).toMatchObject({ code: 0 });
    expect(general.out).toContain('Exit code: 0 done, 1 refused');
    for (const [, command = ''] of general.out.matchAll(/^ {2}([a-z]+) {2,}\S/gm)) {
      const help = await migrate([command, '--help'], { env: {} });
      expect([help.code, help.out], command).toEqual([
        0,
        expect.stringContaining(`Usage: npm run migrate:${command} --`),
      ]);
    }
  });
});

describe('lint', () => {
  it('lets safe DDL pass, and finds what would block a running service', async () => {
    const users = { '0000_users.sql': TWO_FILES['0000_users.sql'] };
    const safe = directoryOf({
      ...users,
      '0002_index.sql': '-- no-transaction\ncreate index concurrently if not exists users_email on users (email);\n',
    });
    expect(await migrate(['lint', '--dir', safe], { env: {} })).toMatchObject({ code: 0 });
    const unsafe = directoryOf({ ...users, '0002_index.sql': 'create index users_email on users (email);\n' });
    const { code, out } = await migrate(['lint', '--dir', unsafe], { env: {} });
    expect(code).toBe(1);
    expect(out).toContain('require-concurrent-index-creation');
    expect(out).toContain('0002_index.sql');
  });
});
