/** Moves the rows: reads the next batch from the server while the last one is written, and seals in between. */
import type { Sealer } from '../../lib/sealing.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { type Slot, SLOTS } from './columns.ts';
import { type LegacyUser, type PlannedUser, planUser } from './plan-user.ts';
import { closeUsers, openUsers } from './read-users.ts';
import type { LegacyReport, Progress } from './report.ts';
import { type SealedUser, sealUser } from './seal-user.ts';
import type { LegacySession } from './session.ts';
import type { LegacySource } from './source.ts';
import { type WriteOptions, writeUsers } from './write-users.ts';

/** Sealing waits for the crypto threads: so many users at once keep them busy. */
const USERS_AT_ONCE = 64;

interface Sealing {
  readonly sealer: Sealer;
  readonly keepPlain: boolean;
}

export interface MoveOptions {
  readonly session: LegacySession;
  readonly source: LegacySource;
  readonly batchSize: number;
  readonly onProgress: (progress: Progress) => void;
  /** Null: a dry run, which counts and writes nothing. */
  readonly into: (WriteOptions & Sealing) | null;
}

export type Moved = Pick<LegacyReport, 'users' | 'integrations' | 'connections' | 'sealed' | 'unreadableDates'>;

interface Counts {
  users: number;
  readonly integrations: Record<Slot, number>;
  connections: number;
  sealed: number;
  readonly unreadableDates: Record<string, number>;
}

/** Moves every row of the source, or counts what would be moved. The caller holds the transaction. */
export async function moveUsers(options: MoveOptions): Promise<Moved> {
  const { session, source, batchSize, into } = options;
  const counts = noCounts();
  const reader = await openUsers(session, source, batchSize);
  let coming = reader.next();
  let writing = Promise.resolve();
  let batches = 0;
  for (;;) {
    const rows = await coming;
    if (rows.length === 0) break;
    // Asked for now, so that it is in hand when the writing of this batch begins.
    coming = reader.next();
    // Whoever fails first is told of below; the other must not end the process as nobody's.
    coming.catch(() => {});
    const planned = planBatch(source, rows, counts);
    const sealed = into && (await sealBatch(into, planned, counts));
    await writing;
    batches += 1;
    if (into && sealed) writing = writeBatch(session, sealed, { into, batches });
    writing.catch(() => {});
    counts.users += rows.length;
    options.onProgress({ step: into ? 'move' : 'count', done: counts.users, total: source.rows });
  }
  await writing;
  await closeUsers(session);
  return counts;
}

/**
 * What was written just now is unknown to the planner, which may then check foreign keys by reading whole indexes: it is
 * told now and then. Nobody else tells it meanwhile: to them the tables are empty (see `lockAll`).
 */
async function writeBatch(
  session: LegacySession,
  users: readonly SealedUser[],
  { into, batches }: { readonly into: WriteOptions; readonly batches: number },
): Promise<void> {
  await writeUsers(session, users, into);
  if ([1, 10, 100, 1000].includes(batches)) await analyze(session);
}

/** Brings the planner's statistics of what a run writes up to date. */
export async function analyze(session: LegacySession): Promise<void> {
  for (const table of ['users', 'oauth_connections', 'user_integrations', 'legacy_links'])
    await session.query(`analyze public.${table}`);
}

function noCounts(): Counts {
  const integrations = { gmail: 0, google_calendar: 0, telegram: 0, signal: 0 };
  return { users: 0, integrations, connections: 0, sealed: 0, unreadableDates: {} };
}

function planBatch(source: LegacySource, rows: readonly LegacyUser[], counts: Counts): PlannedUser[] {
  const planned = rows.map((row) =>
    planUser(source.columns, row, (column) => {
      counts.unreadableDates[column] = (counts.unreadableDates[column] ?? 0) + 1;
    }),
  );
  for (const { integrations } of planned) {
    for (const slot of SLOTS) counts.integrations[slot] += integrations.filter((item) => item.slot === slot).length;
    counts.connections += integrations.filter(({ grant }) => grant !== null).length;
  }
  return planned;
}

async function sealBatch(
  { sealer, keepPlain }: Sealing,
  planned: readonly PlannedUser[],
  counts: Counts,
): Promise<SealedUser[]> {
  const sealed: SealedUser[] = [];
  await sideBySide([...planned.entries()], USERS_AT_ONCE, async ([index, user]) => {
    sealed[index] = await sealUser(sealer, user, keepPlain);
  });
  for (const user of sealed) counts.sealed += user.sealed;
  return sealed;
}
