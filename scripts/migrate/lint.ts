import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { MigrationError } from '../../src/db/migrate/index.ts';
import { readMigrations } from '../../src/db/migrate/files.ts';
import { type Call, directory } from './call.ts';
import { count } from './output.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs squawk over the migrations: those the engine sends as one transaction, and those it does not, apart. */
export async function lint(call: Call): Promise<number> {
  const files = await readMigrations(directory(call));
  const inside = files.filter(({ transaction }) => transaction).map(({ path }) => path);
  const outside = files.filter(({ transaction }) => !transaction).map(({ path }) => path);
  const codes = [
    await squawk(call, ['--assume-in-transaction', ...inside], inside.length),
    await squawk(call, outside, outside.length),
  ];
  if (codes.some((code) => code !== 0)) {
    call.streams.err(
      'A finding that does not apply here is silenced above its statement: -- squawk-ignore RULE, with the reason.',
    );
    return 1;
  }
  call.streams.out(`No findings in ${count(files.length, 'migration')}.`);
  return 0;
}

async function squawk(call: Call, args: readonly string[], files: number): Promise<number> {
  if (files === 0) return 0;
  const config = ['--config', `${ROOT}.squawk.toml`];
  const child = spawn(`${ROOT}node_modules/.bin/squawk`, [...config, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', (error) => {
      reject(
        new MigrationError('lint.failed', `squawk could not be started: ${error.message}. Run npm install.`, error),
      );
    });
  });
  if (code !== 0) call.streams.out(output.trimEnd());
  return code ?? 1;
}
