import type { SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Running, start as startProcess } from '../../scripts/support/processes.ts';

export { cpuOf, cpuOfFamily, firstLine, run, type Running } from '../../scripts/support/processes.ts';

const running = new Set<Running>();

/** Starts a program and remembers it until it has ended, so that whatever happens `stopAll` finds it. */
export function start(command: string, words: readonly string[], options: SpawnOptions = {}): Running {
  const started = startProcess(command, words, options);
  running.add(started);
  started.child.once('exit', () => running.delete(started));
  return started;
}

/** Ends what still runs, the last started first. */
export async function stopAll(): Promise<void> {
  for (const started of [...running].toReversed()) await started.stop();
}

/** The most memory that a process has had so far (VmHWM, proc(5)), in MiB. */
export function peakMemoryOf(pid: number): number {
  const kiB = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kiB ?? 0) / 1024;
}
