/**
 * One opener per PGlite directory. PGlite itself does not look: two processes on one directory lose
 * committed rows. The lock is a file beside the directory (initdb wants the directory itself empty).
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';

interface Holder {
  pid: number;
  /** when that process started, where the system tells: a process id alone is used again */
  started: string | null;
  host: string;
  command: string;
  token: string;
}

export interface DataLock {
  release: () => void;
}

/** How long a lock file may be without content: its maker writes it right after creating it. */
const graceMs = 2000;

/**
 * Takes the lock file at `path`, also from a holder that is no more.
 * @throws Error that names the process that has it
 */
export function acquireDataLock(path: string): DataLock {
  const holder = self();
  for (let attempt = 0; attempt < 50; attempt++) {
    if (create(path, holder)) return held(path, holder);
    const other = read(path);
    if (other === undefined) continue;
    if (other === null || isAlive(other)) throw new Error(refusal(path, other));
    if (takeOver(path, other, holder)) return held(path, holder);
  }
  throw new Error(`${path} is being taken and given back all the time; try again`);
}

/**
 * Replaces a dead holder. Between reading its file and replacing it, another process may have done the
 * same; so whoever wants to replace this very holder first takes a lock named after it, and looks again.
 */
function takeOver(path: string, dead: Holder, holder: Holder): boolean {
  const turn = acquireDataLock(`${path}.${dead.token}`);
  try {
    if (read(path)?.token !== dead.token) return false;
    const next = `${path}.${holder.token}.new`;
    writeFileSync(next, JSON.stringify(holder), { flag: 'wx' });
    renameSync(next, path);
    return true;
  } finally {
    turn.release();
  }
}

function held(path: string, holder: Holder): DataLock {
  const release = (): void => {
    process.off('exit', release);
    if (read(path)?.token === holder.token) rmSync(path, { force: true });
  };
  process.on('exit', release);
  return { release };
}

function create(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The holder; undefined: there is none (any more); null: someone is writing the file just now. */
function read(path: string): Holder | null | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const age = Date.now() - statSync(path).mtimeMs;
    return parse(text) ?? (age < graceMs ? null : unreadable(path));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value: Partial<Holder> = JSON.parse(text);
    const { pid, started = null, host, command, token } = value;
    if (!Number.isInteger(pid) || pid === undefined) return undefined;
    if (typeof host !== 'string' || typeof command !== 'string') return undefined;
    if (typeof token !== 'string' || !/^[\w-]+$/.test(token)) return undefined;
    return { pid, started, host, command, token };
  } catch {
    return undefined;
  }
}

/** A file that stayed without content: its maker died while writing. */
function unreadable(path: string): Holder {
  const token = `unreadable-${Math.trunc(statSync(path).mtimeMs)}`;
  return { pid: 0, started: null, host: hostname(), command: '', token };
}

function self(): Holder {
  const command = process.argv
    .slice(0, 2)
    .map((part) => basename(part))
    .join(' ');
  const { pid } = process;
  return { pid, started: startTime(pid), host: hostname(), command, token: randomUUID() };
}

function isAlive(holder: Holder): boolean {
  // Processes of another machine, or container, cannot be seen from here: believe the file.
  if (holder.host !== hostname()) return true;
  if (holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  const started = startTime(holder.pid);
  return holder.started === null || started === null || holder.started === started;
}

/** Boot and clock tick of a process's start, where /proc has it (field 22 of proc(5)'s stat). */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}

function refusal(path: string, holder: Holder | null): string {
  const data = path.replace(/\.lock$/, '');
  if (holder === null) return `${data} is just being opened by another process; try again`;
  const { pid, host, command } = holder;
  const who = host === hostname() ? `process ${pid} (${command})` : `process ${pid} on ${host}`;
  return `${data} is in use by ${who}. Two openers lose data: stop it, or choose another directory. If it is gone for certain, delete ${path}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
