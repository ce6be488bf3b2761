import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process that this benchmark started, and ends. */
export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a program; the caller ends it with `stop`, which waits until it is gone. */
export function start(command: string, words: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, words, options);
  const { pid } = child;
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  if (pid === undefined) throw new Error(`${command} could not be started.`);
  return { pid, child, stop: () => stop(child, ended) };
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(forced);
}

/**
 * Runs a program to its end and answers what it printed.
 * @throws Error with the last lines of its output when it fails
 */
export async function run(command: string, words: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const { child } = start(command, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0)
    throw new Error(`${command} ${words[0] ?? ''} failed:\n${output.trim().split('\n').slice(-15).join('\n')}`);
  return output;
}

/** The first line of a program's output that the reader accepts. */
export function firstLine<T>(child: ChildProcess, read: (line: string) => T | undefined, what: string): Promise<T> {
  return new Promise((done, refuse) => {
    let text = '';
    const late = setTimeout(
      () => refuse(new Error(`${what} did not get ready within 30 s.\n${text.slice(-1000)}`)),
      30_000,
    );
    const take = (chunk: string): void => {
      text += chunk;
      const found = text
        .split('\n')
        .map(read)
        .find((value) => value !== undefined);
      if (found === undefined) return;
      clearTimeout(late);
      done(found);
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    child.once('exit', (code) => {
      clearTimeout(late);
      refuse(new Error(`${what} ended with code ${code}.\n${text.slice(-1000)}`));
    });
  });
}

/** One tick of the kernel's accounting (USER_HZ is 100 on every Linux there is). */
const TICK_MS = 10;

/** CPU time that a process has used, user and system, in milliseconds; 0 once it is gone. */
export function cpuOf(pid: number): number {
  const { utime, stime } = statOf(pid);
  return (utime + stime) * TICK_MS;
}

/** The same for a process, its children and those of them that have ended: a PostgreSQL server. */
export function cpuOfFamily(pid: number): number {
  const { cutime, cstime } = statOf(pid);
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(Number(name)).parent === pid);
  return cpuOf(pid) + (cutime + cstime) * TICK_MS + children.reduce((sum, child) => sum + cpuOf(Number(child)), 0);
}

/** Fields of `/proc/<pid>/stat` (proc(5)), times in ticks. */
function statOf(pid: number): { parent: number; utime: number; stime: number; cutime: number; cstime: number } {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Gone since it was listed.
  }
  // The name in parentheses may hold blanks, so fields are counted from behind it.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0] = fields.slice(1);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11);
  return { parent, utime, stime, cutime, cstime };
}
