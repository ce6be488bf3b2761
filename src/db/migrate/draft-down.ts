/**
 * Run as a process of its own: prints, as JSON, the statements that lead from one of drizzle-kit's snapshots back to
 * another. drizzle-kit ends its process when it would have to ask a question; this way it ends only this one.
 */
import { readFile } from 'node:fs/promises';

import { type DrizzleSnapshotJSON, generateMigration } from 'drizzle-kit/api';

const [from, to] = await Promise.all(process.argv.slice(2, 4).map(readSnapshot));
if (from !== undefined && to !== undefined) process.stdout.write(JSON.stringify(await generateMigration(from, to)));

async function readSnapshot(path: string): Promise<DrizzleSnapshotJSON> {
  return JSON.parse(await readFile(path, 'utf8')) as DrizzleSnapshotJSON;
}
