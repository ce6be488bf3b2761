/** Whether every user and every credential of the legacy table is among ours. */
import { identifier } from '../migrate/quote.ts';
import { SLOT_KEYS, SLOTS } from './columns.ts';
import { type Finding, refusal, warning } from './report.ts';
import type { LegacyTable } from './rollback-table.ts';
import type { LegacySession } from './session.ts';

/** What one issue of query 2 amounts to. */
export interface Missing {
  readonly issue: string;
  readonly count: number;
  readonly explained: number;
  readonly ids: readonly string[];
}

/** Of what query 2 shows, an empty text was never a credential; and what was moved and deleted since is not missing. */
export async function readMissing(
  session: LegacySession,
  { run, old, columns }: LegacyTable,
  query: string,
): Promise<Missing[]> {
  const value = (name: string): string =>
    columns.some((column) => column.name === name) ? `o.${identifier(name)}::text` : 'null';
  const rows = await session.query(
    `select q.issue, count(*)::int as count, count(*) filter (where x.is_explained)::int as explained,
        (array_agg(q.id::text) filter (where not x.is_explained))[1:5] as ids
       from (${query}) q join ${old} o on o.id = q.id,
       lateral (select coalesce(case q.issue when 'Missing Gmail' then ${value('access_token')}
           when 'Missing Telegram' then ${value('telegram_id')} else ${value('signal_source_uuid')} end, '') = ''
         or exists (select from public.legacy_links l where l.run_id = $1::uuid and l.user_id = q.id::text
              and l.slot = lower(split_part(q.issue, ' ', 2))) as is_explained) x
      group by q.issue order by q.issue`,
    [run.id],
  );
  return rows.map((row) => ({
    issue: String(row['issue']),
    count: Number(row['count']),
    explained: Number(row['explained']),
    ids: Array.isArray(row['ids']) ? row['ids'].map(String) : [],
  }));
}

/** Every user, and every credential's integration. */
export async function checkRows(
  session: LegacySession,
  table: LegacyTable,
  acceptRemoved: boolean,
): Promise<Finding[]> {
  const { run, old, columns } = table;
  const findings: Finding[] = [];
  const check = async (
    of: typeof refusal,
    { code, message, query }: { code: string; message: string; query: string },
  ) => {
    const [row] = await session.query(
      `select count(*)::int as count, (array_agg(f.id) filter (where f.position <= 5))::text[] as ids
         from (select q.id, row_number() over () as position from (${query}) q) f`,
      query.includes('$1') ? [run.id] : [],
    );
    const count = Number(row?.['count'] ?? 0);
    const examples = Array.isArray(row?.['ids']) ? row['ids'].map(String) : [];
    if (count > 0) findings.push(of(code, message, { count, examples }));
  };
  await check(acceptRemoved ? warning : refusal, {
    code: acceptRemoved ? 'user.removed' : 'user.missing',
    message: 'Users of users_old who are not among ours. If they were deleted since, say --accept-removed.',
    query: `select o.id::text as id from ${old} o where not exists (select from public.users u where u.id = o.id::text)`,
  });
  for (const slot of SLOTS) {
    const keys = columns.filter(({ use, field }) => use === slot && SLOT_KEYS[slot].includes(field));
    if (keys.length === 0) continue;
    const has = keys.map(({ name }) => `o.${identifier(name)}::text <> ''`).join(' or ');
    await check(refusal, {
      code: 'credential.missing',
      message: `Credentials of ${slot} in users_old that were not moved.`,
      query: `select o.id::text as id from ${old} o where (${has}) and exists (select from public.users u where u.id = o.id::text)
        and not exists (select from public.legacy_links l where l.run_id = $1::uuid and l.user_id = o.id::text and l.slot = '${slot}')`,
    });
  }
  await check(warning, {
    code: 'integration.removed',
    message: 'Integrations that were moved, and deleted since.',
    query: `select l.user_id || ' (' || l.slot || ')' as id from public.legacy_links l where l.run_id = $1::uuid
      and not exists (select from public.user_integrations ui where ui.id = l.integration_id)`,
  });
  return findings;
}
