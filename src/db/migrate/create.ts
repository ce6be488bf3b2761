import { spawn } from 'node:child_process';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MigrationError } from './errors.ts';
import { BREAKPOINT } from './statements.ts';

export interface CreateOptions {
  /** Where the migrations are; the same as `out` in drizzle-kit's configuration. */
  readonly directory: string;
  /** What changes, in snake_case. */
  readonly name: string;
  /** An empty file for SQL by hand instead of one from the schema. */
  readonly custom?: boolean;
  /** drizzle-kit's configuration. Default `drizzle.config.ts`. */
  readonly config?: string;
  /** The schema's path, instead of a configuration. */
  readonly schema?: string;
  /** Whether drizzle-kit may ask questions on the terminal (it does when something may have been renamed). */
  readonly interactive?: boolean;
}

export interface CreateResult {
  readonly name: string;
  readonly path: string;
  readonly downPath: string;
  /** Whether the down file holds a draft; else it holds a template that must be filled in. */
  readonly downDrafted: boolean;
}

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const LONGEST_NAME = 60;

/**
 * Makes the next migration with drizzle-kit, and a down file beside it.
 * @throws MigrationError `name.invalid`, `generate.nothing` if the schema has not changed, `generate.failed`.
 */
export async function createMigration(options: CreateOptions): Promise<CreateResult> {
  const { directory, name } = options;
  if (!NAME.test(name) || name.length > LONGEST_NAME) {
    throw new MigrationError(
      'name.invalid',
      `"${name}" is not a name for a migration: snake_case of at most ${LONGEST_NAME} characters, such as add_webhooks.`,
    );
  }
  const before = await sqlFiles(directory);
  const output = await generate(options);
  const created = (await sqlFiles(directory)).find((file) => !before.includes(file));
  if (created === undefined) {
    if (output === '' || /no schema changes/i.test(output)) {
      throw new MigrationError(
        'generate.nothing',
        'The schema has not changed since the last migration. For SQL by hand: npm run migrate:new -- NAME --custom',
      );
    }
    throw new MigrationError('generate.failed', `drizzle-kit made no file in ${directory}: ${lastLines(output)}`);
  }
  const tag = created.slice(0, -'.sql'.length);
  const downPath = join(directory, 'down', created);
  const draft = options.custom === true ? [] : await draftDown(directory, tag);
  await mkdir(dirname(downPath), { recursive: true });
  await writeFile(downPath, downText(tag, draft), { flag: 'wx' });
  return { name: tag, path: join(directory, created), downPath, downDrafted: draft.length > 0 };
}

function downText(tag: string, draft: readonly string[]): string {
  if (draft.length > 0) {
    return `-- Undoes ${tag}. A draft from drizzle-kit's snapshots: read it, and add what the file does by hand.\n${draft.join(`\n${BREAKPOINT}\n`)}\n`;
  }
  return [
    `-- Undoes ${tag}. Write the statements here, "${BREAKPOINT.slice(4)}" between them as in the file itself.`,
    '-- Until then migrate:down refuses this migration. If there is nothing to undo, a line of its own says so:',
    '-- "-- nothing to undo"',
    '',
  ].join('\n');
}

async function generate(options: CreateOptions): Promise<string> {
  const source =
    options.schema === undefined
      ? ['--config', options.config ?? 'drizzle.config.ts']
      : ['--dialect', 'postgresql', '--schema', fromHere(options.schema), '--out', fromHere(options.directory)];
  const bin = join(dirname(createRequire(import.meta.url).resolve('drizzle-kit')), 'bin.cjs');
  const custom = options.custom === true ? ['--custom'] : [];
  const { code, output } = await run(
    [bin, 'generate', '--name', options.name, ...custom, ...source],
    options.interactive === true,
  );
  if (code !== 0) throw new MigrationError('generate.failed', `drizzle-kit failed: ${lastLines(output)}`);
  return output;
}

/** drizzle-kit takes every path as relative. */
function fromHere(path: string): string {
  return relative(process.cwd(), resolve(path));
}

/** The way back from this migration's snapshot to the one before; empty where there is none to compare, or on doubt. */
async function draftDown(directory: string, tag: string): Promise<string[]> {
  const number = Number(tag.slice(0, 4));
  const snapshot = (of: number): string => join(directory, 'meta', `${String(of).padStart(4, '0')}_snapshot.json`);
  const [from, to] = [snapshot(number), snapshot(number - 1)];
  if (number === 0 || !(await exists(from)) || !(await exists(to))) return [];
  const script = fileURLToPath(new URL('./draft-down.ts', import.meta.url));
  const { code, output } = await run([script, from, to], false);
  if (code !== 0) return [];
  try {
    return JSON.parse(output) as string[];
  } catch {
    return [];
  }
}

/** Interactive: on the terminal itself, which drizzle-kit needs for its questions; nothing is collected then. */
async function run(args: readonly string[], interactive: boolean): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { stdio: interactive ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output };
}

async function sqlFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory).catch(() => []);
  return entries.filter((entry) => entry.endsWith('.sql'));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-4).join('\n');
}
