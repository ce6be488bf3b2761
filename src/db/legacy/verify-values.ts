/** Whether ours say what the legacy rows say: every column that moved, tokens opened and compared. */
import { sideBySide } from '../../lib/side-by-side.ts';
import type { Sealer } from '../../lib/sealing.ts';
import { inBatches } from './cursor.ts';
import { LegacyError } from './errors.ts';
import { type Finding, type Progress, refusal } from './report.ts';
import { isTouched, openAll } from './rollback-people.ts';
import { readUsers, type TwoSides } from './rollback-read.ts';
import type { LegacyTable } from './rollback-table.ts';
import { legacyChange } from './rollback-values.ts';
import type { LegacySession } from './session.ts';

const USERS_AT_ONCE = 16;

export interface CompareCall {
  readonly session: LegacySession;
  readonly table: LegacyTable;
  readonly sealer: Sealer;
  /** How many users to compare, spread evenly over all; null: all of them. */
  readonly sample: number | null;
  readonly batchSize: number;
  readonly onProgress: (progress: Progress) => void;
}

/** What was compared. */
export interface Compared {
  users: number;
  /** Tokens, secrets and ids that were opened or read, and are the same. */
  same: number;
  /** Users of whom something was written since, and differs for that. */
  changedSince: number;
}

/** Compares users on both sides. What differs although nobody wrote it since is a refusal. */
export async function compareUsers(call: CompareCall): Promise<{ compared: Compared; findings: Finding[] }> {
  const { session, table, batchSize, sample, onProgress } = call;
  const compared: Compared = { users: 0, same: 0, changedSince: 0 };
  const [row] = await session.query(`select count(*)::int as rows from ${table.old}`);
  const rows = Number(row?.['rows'] ?? 0);
  const every = sample === null ? 1 : Math.max(1, Math.floor(rows / Math.max(1, sample)));
  const select = `select o.id::text as id, ${isTouched(table)} as is_touched
    from (select id, row_number() over () as position from ${table.old}) o join public.users u on u.id = o.id::text
    where o.position % ${every} = 0`;
  const wrong: Wrong = { differing: { count: 0, examples: [] }, unreadable: { count: 0, examples: [] } };
  for await (const found of inBatches(session, { name: 'legacy_compared', select, size: batchSize })) {
    const touched = new Map(found.map((one) => [String(one['id']), one['is_touched'] === true]));
    const users = await readUsers(session, table, [...touched.keys()]);
    await sideBySide(users, USERS_AT_ONCE, async (user) => compareUser(call, user, { touched, compared, wrong }));
    onProgress({ step: 'compare', done: compared.users, total: Math.floor(rows / every) });
  }
  return { compared, findings: findingsOf(wrong) };
}

/** How many, and the first few: memory does not grow with what is wrong. */
interface Some {
  count: number;
  readonly examples: string[];
}

interface Wrong {
  readonly differing: Some;
  readonly unreadable: Some;
}

function note(some: Some, example: string): void {
  some.count += 1;
  if (some.examples.length < 5) some.examples.push(example);
}

async function compareUser(
  { table, sealer }: CompareCall,
  user: TwoSides,
  { touched, compared, wrong }: { touched: ReadonlyMap<string, boolean>; compared: Compared; wrong: Wrong },
): Promise<void> {
  compared.users += 1;
  try {
    const opened = await openAll(sealer, user);
    const columns = Object.keys(legacyChange(table, user, opened).columns);
    if (columns.length === 0) compared.same += opened.length;
    else if (touched.get(user.id)) compared.changedSince += 1;
    else note(wrong.differing, `${user.id}: ${columns.join(', ')}`);
  } catch (error) {
    if (!(error instanceof LegacyError) || error.code !== 'legacy.unreadable') throw error;
    note(wrong.unreadable, user.id);
  }
}

function findingsOf({ differing, unreadable }: Wrong): Finding[] {
  return [
    refusal('value.differs', 'Ours say something else than the legacy row, and nobody wrote it since.', differing),
    refusal('token.unreadable', 'Tokens do not open with TOKEN_KEYS: is their key in the ring?', unreadable),
  ].filter(({ count }) => count > 0);
}
