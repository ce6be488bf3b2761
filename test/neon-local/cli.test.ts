import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { neon } from '@neondatabase/serverless';
import './support.ts';

const program = fileURLToPath(new URL('../../scripts/neon-local/cli.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neon-local-cli-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command to its end. */
async function run(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args]);
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (data) => (ended.out += data));
  child.stderr.on('data', (data) => (ended.err += data));
  [ended.code] = await once(child, 'close');
  return ended;
}

describe('the command neon-local', () => {
  it('explains itself', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const flag of ['--port', '--data', '--postgres', '--latency', '--pool', '--json']) {
      expect(out).toContain(flag);
    }
  });

  it.each([
    [['--port', '0', '--prot', '1'], /--prot/],
    [['--port', 'http'], /--port takes a whole number, not "http"/],
    [['--port', '70000'], /port must be a whole number from 0 to 65535/],
    [[], /--port is missing/],
    [['--port', '0', '--data', 'x', '--postgres', 'postgresql://localhost'], /not both/],
    [['--port', '0', '--postgres', 'localhost'], /not a URL/],
    [['--port', '0', '--latency', '-5'], /latency/],
    [['--port', '0', 'extra'], /extra/],
  ])('refuses %j and says why, without a stack', async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('serves a directory, keeps it locked, and on Ctrl-C closes it cleanly', async () => {
    const data = join(folder, 'data');
    const child = spawn(process.execPath, [program, '--port', '0', '--data', data, '--json']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = await once(createInterface(child.stdout), 'line');
    const ready = JSON.parse(line);
    expect(ready).toEqual({
      url: `http://127.0.0.1:${ready.port}/sql`,
      port: expect.any(Number),
      connectionString: 'postgresql://postgres@localhost/postgres',
    });
    const sql = neon(`postgresql://postgres@localhost:${ready.port}/postgres`);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    const second = await run('--port', '0', '--data', data);
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining(`process ${child.pid} `) });
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(`${data}.lock`)).toBe(false);
  });
});
