import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { directoryOf, TWO_FILES } from '../support.ts';
import { prepare, useServerDatabase } from './support.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/migrate.ts', import.meta.url));
const database = useServerDatabase();

async function migrate(
  words: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [SCRIPT, ...words], {
    cwd: directoryOf({}),
    env: { PATH: process.env['PATH'], ...env },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text };
}

it('--direct goes over TCP, whatever NEON_SQL_ENDPOINT says, and says so', async () => {
  await prepare(database);
  const env = { MIGRATION_DATABASE_URL: database.url(), NEON_SQL_ENDPOINT: 'http://127.0.0.1:1/sql' };
  const dir = directoryOf(TWO_FILES);
  expect(await migrate(['push', '--dir', dir], env)).toMatchObject({
    code: 1,
    text: expect.stringContaining('127.0.0.1:1/sql'),
  });
  const push = await migrate(['push', '--dir', dir, '--direct'], env);
  expect(push).toMatchObject({
    code: 0,
    text: expect.stringMatching(/\(TCP\)[\s\S]*Applied 2 migrations|Applied 2 migrations/),
  });
  expect((await migrate(['list', '--dir', dir, '--direct'], env)).text).toMatch(
    /Target: .*\(TCP\)[\s\S]*All 2 migrations applied/,
  );
});
