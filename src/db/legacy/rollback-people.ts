/** Brings the legacy rows up to date with what was written to ours since the run. */
import type { Sealer } from '../../lib/sealing.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { identifier, literal } from '../migrate/quote.ts';
import { SLOTS } from './columns.ts';
import { inBatches } from './cursor.ts';
import { type OpenedLink, openLink } from './rollback-open.ts';
import { readUsers, type TwoSides } from './rollback-read.ts';
import type { LegacyTable } from './rollback-table.ts';
import { type LegacyChange, legacyChange } from './rollback-values.ts';
import { insertRows, updateRows } from './rollback-write.ts';
import type { Progress } from './report.ts';
import { type LegacySession, qualified, type Row } from './session.ts';

/** Opening waits for the crypto threads: so many users at once keep them busy. */
const USERS_AT_ONCE = 16;

export interface WriteBack {
  readonly session: LegacySession;
  readonly table: LegacyTable;
  readonly sealer: Sealer;
  readonly batchSize: number;
  readonly onProgress: (progress: Progress) => void;
}

/** What was written into the legacy table. */
export interface WrittenBack {
  /** Users of whom anything was changed in their row, and by column how many. */
  changed: number;
  readonly columns: Record<string, number>;
  /** Users who came since, and were added. */
  added: number;
  /** Users who were deleted since, and are deleted here too: how many, and the first few. */
  deleted: number;
  readonly deletedIds: string[];
  /** Users with something that no column can hold; they stay among ours. */
  readonly unheld: Set<string>;
}

/** Writes everything back. Rows that nobody has touched since are not written. The caller holds the transaction. */
export async function writeBack(call: WriteBack): Promise<WrittenBack> {
  const { session, table, batchSize, onProgress } = call;
  const written: WrittenBack = { changed: 0, columns: {}, added: 0, deleted: 0, deletedIds: [], unheld: new Set() };
  await deleteGone(call, written);
  let changes = 0;
  for await (const rows of inBatches(session, {
    name: 'legacy_changed',
    select: changedUsers(table),
    size: batchSize,
  })) {
    await writeUsersBack(call, idsOf(rows), written);
    changes += rows.length;
    onProgress({ step: 'changes', done: changes, total: changes });
  }
  for await (const rows of inBatches(session, { name: 'legacy_new', select: newUsers(table), size: batchSize })) {
    await writeUsersBack(call, idsOf(rows), written);
    for (const id of idsOf(rows.filter((row) => row['is_older'] === true))) written.unheld.add(id);
    written.added += rows.length;
    onProgress({ step: 'new_users', done: written.added, total: written.added });
  }
  return written;
}

function idsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => String(row['id']));
}

function changedUsers(table: LegacyTable): string {
  return `select o.id::text as id from ${table.old} o join public.users u on u.id = o.id::text where ${isTouched(table)}`;
}

/** SQL for whether anything of a user `u` was written after the run, or a link of the run is gone. */
export function isTouched({ run, since }: LegacyTable): string {
  return `(u.updated_at > ${since}
      or exists (select from public.user_integrations ui
           left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
          where ui.user_id = u.id and (ui.updated_at > ${since} or c.updated_at > ${since}))
      or exists (select from public.legacy_links l
           left join public.user_integrations ui on ui.id = l.integration_id and ui.user_id = l.user_id
          where l.run_id = ${literal(run.id)} and l.user_id = u.id and ui.id is null))`;
}

/**
 * Users whom the legacy table lacks: those who came since the run, and those whom rows of the legacy schema name. Who
 * was there before is told by `created_at`, unless nobody was; an older one who was written since counts as new too,
 * because an INSERT through the view may name any `created_at`.
 */
export function newUsers({ run, old, since }: LegacyTable): string {
  const named = run.catalogue.foreignKeys.flatMap(({ schema, table, columns, references }) => {
    const column = columns[references.indexOf('id')];
    if (column === undefined) return [];
    return [`exists (select from ${qualified({ schema, name: table })} k where k.${identifier(column)} = u.id)`];
  });
  return `select u.id, u.created_at < ${since} as is_older from public.users u
    where not exists (select from ${old} o where o.id::text = u.id)
      and (${[`u.created_at >= ${since}`, `u.updated_at >= ${since}`, ...named].join(' or ')})`;
}

/** An erasure holds on both sides: who is deleted among ours is not brought back by a rollback. */
async function deleteGone({ session, table }: WriteBack, written: WrittenBack): Promise<void> {
  const rows = await session.query(
    `with gone as (delete from ${table.old} o where not exists (select from public.users u where u.id = o.id::text) returning o.id)
     select count(*)::int as count, (array_agg(id::text order by id))[1:5] as ids from gone`,
  );
  written.deleted = Number(rows[0]?.['count'] ?? 0);
  if (Array.isArray(rows[0]?.['ids'])) written.deletedIds.push(...rows[0]['ids'].map(String));
}

async function writeUsersBack(call: WriteBack, ids: readonly string[], written: WrittenBack): Promise<void> {
  const { session, table, sealer } = call;
  const users = await readUsers(session, table, ids);
  const changes: LegacyChange[] = [];
  await sideBySide([...users.entries()], USERS_AT_ONCE, async ([index, user]) => {
    changes[index] = legacyChange(table, user, await openAll(sealer, user));
  });
  const isNew = new Map(users.map(({ id, old }) => [id, old === null]));
  await insertRows(
    session,
    table,
    changes.filter(({ id }) => isNew.get(id)),
  );
  await updateRows(
    session,
    table,
    changes.filter(({ id, columns }) => !isNew.get(id) && Object.keys(columns).length > 0),
  );
  for (const { id, columns, unheld } of changes) {
    if (unheld.includes('profile')) written.unheld.add(id);
    if (isNew.get(id) || Object.keys(columns).length === 0) continue;
    written.changed += 1;
    for (const column of Object.keys(columns)) written.columns[column] = (written.columns[column] ?? 0) + 1;
  }
  // What is not wholly back stays among ours: it is the run's no more.
  await session.query(
    'delete from public.legacy_links where run_id = $1::uuid and user_id = any ($2::text[]) and integration_id <> all ($3::uuid[])',
    [table.run.id, ids, changes.flatMap(({ wholly }) => wholly)],
  );
}

/** Opens those links of a user that the legacy columns speak of. @throws LegacyError `legacy.unreadable` */
export async function openAll(sealer: Sealer, user: TwoSides): Promise<OpenedLink[]> {
  const opened: OpenedLink[] = [];
  // One after the other: the key is derived once for a user. Accounts that no column would take are left sealed.
  for (const slot of SLOTS) {
    for (const link of user.links.filter((one) => one.slot === slot)) {
      const isWanted = slot === 'telegram' || (link.isActive && !opened.some((one) => one.slot === slot));
      if (isWanted) opened.push(await openLink(sealer, link));
    }
  }
  return opened;
}
