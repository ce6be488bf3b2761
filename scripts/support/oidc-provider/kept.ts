import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Entry } from './store.ts';

const keptModels = ['Grant', 'RefreshToken', 'AccessToken'];

/** What the last run left in this file; nothing where there is none, or no such file is kept. */
export function readKept(file: string | undefined): Map<string, Entry> {
  if (file === undefined || !existsSync(file)) return new Map();
  return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, Entry][]);
}

/** Leaves grants and tokens for the next run, readable by this user alone. */
export function writeKept(file: string, entries: ReadonlyMap<string, Entry>): void {
  const kept = [...entries].filter(
    ([key, { expiresAt }]) => keptModels.includes(key.split(':')[0] ?? '') && expiresAt > Date.now(),
  );
  writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
}
