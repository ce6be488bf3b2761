import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { acquireDataLock } from '../../scripts/neon-local/data-lock.ts';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import { connect } from './support.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neon-local-lock-'));
  path = join(folder, 'data.lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A lock file as a process that is no more would have left it. */
function leave(changes: object): void {
  const holder = { pid: 1, started: null, host: hostname(), command: 'node old', token: 'old-token' };
  writeFileSync(path, JSON.stringify({ ...holder, ...changes }));
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

/** Another process that tries to take the lock, says whether it could, and holds it until it is ended. */
function taker(): ChildProcess {
  const module = fileURLToPath(new URL('../../scripts/neon-local/data-lock.ts', import.meta.url));
  const code = `import { acquireDataLock } from ${JSON.stringify(module)};
    try { acquireDataLock(${JSON.stringify(path)}); process.send('taken'); setInterval(() => {}, 1000); }
    catch (error) { process.send(error.message); }`;
  const args = ['--input-type=module-typescript', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('the lock of a data directory', () => {
  it('refuses a second opener and names the first, its process and its command', () => {
    const lock = acquireDataLock(path);
    expect(() => acquireDataLock(path)).toThrow(`${join(folder, 'data')} is in use by process ${process.pid} (`);
    lock.release();
    acquireDataLock(path).release();
    expect(existsSync(path)).toBe(false);
  });

  it('names another process, and is free again when that one is killed', async () => {
    const other = taker();
    expect((await once(other, 'message'))[0]).toBe('taken');
    expect(() => acquireDataLock(path)).toThrow(`in use by process ${other.pid} (node`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    acquireDataLock(path).release();
  });

  it('is taken over from a process that is gone', async () => {
    leave({ pid: await deadPid() });
    const lock = acquireDataLock(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(existsSync('/proc/self/stat'))('is taken over when the process id is used again', () => {
    leave({ pid: process.pid, started: 'another-boot 42' });
    acquireDataLock(path).release();
  });

  it('is left alone when the holder is on another machine, which cannot be seen', () => {
    leave({ pid: 2 ** 22 + 1, host: 'elsewhere' });
    expect(() => acquireDataLock(path)).toThrow('on elsewhere');
  });

  it('is taken over when its maker died before it wrote anything', () => {
    writeFileSync(path, '');
    expect(() => acquireDataLock(path)).toThrow('just being opened by another process');
    const past = new Date(Date.now() - 60_000);
    utimesSync(path, past, past);
    acquireDataLock(path).release();
  });

  it('a taker that died while taking over does not block the next one', async () => {
    const pid = await deadPid();
    leave({ pid });
    writeFileSync(
      `${path}.old-token`,
      JSON.stringify({ pid, started: null, host: hostname(), command: 'node', token: 'turn' }),
    );
    acquireDataLock(path).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of several who take over at once, one wins', async () => {
    leave({ pid: await deadPid() });
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => (await once(taker(), 'message'))[0] as string),
    );
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
  });
});

describe('a directory in use', () => {
  it('is refused to a second endpoint, by whatever path, and free after the first is closed', async () => {
    const data = join(folder, 'data');
    const first = await startNeonLocal({ data });
    await connect(first)`create table kept (id int)`;
    symlinkSync(data, join(folder, 'alias'));
    for (const path of [data, join(folder, 'alias')]) {
      await expect(startNeonLocal({ data: path })).rejects.toThrow(`in use by process ${process.pid} (`);
    }
    await first.close();
    const second = await startNeonLocal({ data });
    expect(await connect(second)`select count(*)::int as n from kept`).toEqual([{ n: 0 }]);
    await second.close();
    expect(readdirSync(folder).sort()).toEqual(['alias', 'data']);
  });

  it('is refused when it holds something else, and left as it was', async () => {
    const data = join(folder, 'project');
    mkdirSync(data);
    writeFileSync(join(data, 'notes.txt'), 'mine');
    await expect(startNeonLocal({ data })).rejects.toThrow('is not empty and holds no database');
    await expect(startNeonLocal({ data: join(data, 'notes.txt') })).rejects.toThrow('is a file');
    expect(readdirSync(folder)).toEqual(['project']);
    expect(readdirSync(data)).toEqual(['notes.txt']);
  });

  it('is made anew when the first start was stopped half way', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    mkdirSync(`${data}.new`);
    writeFileSync(join(`${data}.new`, 'PG_VERSION'), '18');
    const server = await startNeonLocal({ data });
    expect(await connect(server)`select 1 as one`).toEqual([{ one: 1 }]);
    await server.close();
    expect(readdirSync(folder)).toEqual(['data']);
  });
});
