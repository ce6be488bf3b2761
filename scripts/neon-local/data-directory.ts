/** The directory that PGlite keeps its data in. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { acquireDataLock } from './data-lock.ts';

export interface DataDirectory {
  dataDir: string;
  /** Gives the directory back; removes a temporary one. */
  release: () => Promise<void>;
}

/**
 * Takes a directory for this process alone, making it where it does not exist.
 * @param data its path; undefined: a temporary one
 * @param create makes a database in an empty directory
 * @throws Error that names the process that has it open, or says that it holds something else
 */
export async function takeDirectory(
  data: string | undefined,
  create: (dataDir: string) => Promise<void>,
): Promise<DataDirectory> {
  if (data === undefined) return temporaryDirectory();
  await makeDirectory(data);
  // One directory has one lock, whatever path leads to it.
  const dataDir = await realpath(data);
  const lock = acquireDataLock(`${dataDir}.lock`);
  try {
    const entries = await readdir(dataDir);
    if (entries.length === 0) await createWhole(dataDir, create);
    else if (!entries.includes('PG_VERSION')) {
      throw new Error(`${dataDir} is not empty and holds no database; choose another directory`);
    }
  } catch (error) {
    lock.release();
    throw error;
  }
  return { dataDir, release: async () => lock.release() };
}

async function makeDirectory(data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new Error(`${resolve(data)} is a file, not a directory`, { cause: error });
  }
}

/** Whoever stops this half way must find an empty directory again, not half a database. */
async function createWhole(dataDir: string, create: (dataDir: string) => Promise<void>): Promise<void> {
  const unfinished = `${dataDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await create(unfinished);
  await rmdir(dataDir);
  await rename(unfinished, dataDir);
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
