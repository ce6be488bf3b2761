/** The directory that PGlite keeps its data in. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { acquireDataLock } from './data-lock.ts';

export interface DataDirectory {
  dataDir: string;
  /** Gives the directory back; removes a temporary one. */
  release(): Promise<void>;
}

/**
 * Takes a directory for this process alone, making it where it does not exist.
 * @param data its path; undefined: a temporary one
 * @throws Error that names the process that has it open
 */
export async function takeDirectory(data: string | undefined): Promise<DataDirectory> {
  if (data === undefined) return temporaryDirectory();
  await mkdir(resolve(data), { recursive: true });
  // One directory has one lock, whatever path leads to it.
  const dataDir = await realpath(resolve(data));
  const lock = acquireDataLock(`${dataDir}.lock`);
  return { dataDir, release: async () => lock.release() };
}

async function temporaryDirectory(): Promise<DataDirectory> {
  const dataDir = await mkdtemp(join(tmpdir(), 'neon-local-'));
  const remove = (): void => rmSync(dataDir, { recursive: true, force: true });
  process.on('exit', remove);
  return {
    dataDir,
    release: async () => {
      process.off('exit', remove);
      await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
