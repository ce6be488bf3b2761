/** After a rollback: what is wholly back in the legacy table goes from ours; what no legacy column can hold stays. */
import { identifier, literal } from '../migrate/quote.ts';
import { PROFILE } from './columns.ts';
import { inBatches } from './cursor.ts';
import type { LegacyTable } from './rollback-table.ts';
import { type Finding, type Progress, warning } from './report.ts';
import { type LegacySession, qualified } from './session.ts';

export interface Removal {
  readonly session: LegacySession;
  readonly table: LegacyTable;
  readonly batchSize: number;
  /** Users who stay, whatever the catalogue says. */
  readonly unheld: ReadonlySet<string>;
  readonly onProgress: (progress: Progress) => void;
}

export interface Removed {
  users: number;
  integrations: number;
  /** Users of the legacy table who stay among ours. */
  stayed: number;
}

/**
 * Removes the run's integrations (a trigger takes their grants along) and then the users on whom nothing of ours
 * depends. Who stays is marked, so that the schema can be normalised again. The schema is back by then.
 */
export async function removeMoved(removal: Removal): Promise<Removed> {
  const { session, table, batchSize, unheld, onProgress } = removal;
  const removed: Removed = { users: 0, integrations: 0, stayed: 0 };
  const restored = qualified({ schema: table.run.schema, name: table.run.catalogue.source.name });
  const condition = [...ownConditions(table), ...(await dependentConditions(session))].join(' and ');
  const total = Number((await session.query(`select count(*)::int as rows from ${restored}`))[0]?.['rows'] ?? 0);
  let done = 0;
  // Of an earlier rollback.
  await session.query(
    `delete from public.legacy_links l using public.legacy_runs r
      where r.id = l.run_id and r.schema_name = $1 and r.id <> $2::uuid and l.slot = 'stayed'`,
    [table.run.schema, table.run.id],
  );
  const select = `select o.id::text as id from ${restored} o`;
  for await (const rows of inBatches(session, { name: 'legacy_moved', select, size: batchSize })) {
    const ids = rows.map((row) => String(row['id']));
    const run = [table.run.id, ids] as const;
    const [links] = await session.query(
      `with gone as (delete from public.user_integrations ui using public.legacy_links l
         where l.run_id = $1::uuid and l.user_id = any ($2::text[]) and ui.id = l.integration_id and ui.user_id = l.user_id returning 1)
       select count(*)::int as count from gone`,
      run,
    );
    removed.integrations += Number(links?.['count'] ?? 0);
    await session.query('delete from public.legacy_links where run_id = $1::uuid and user_id = any ($2::text[])', run);
    const [users] = await session.query(
      `with gone as (delete from public.users u where u.id = any ($1::text[]) and ${condition} returning 1)
       select count(*)::int as count from gone`,
      [ids.filter((id) => !unheld.has(id))],
    );
    removed.users += Number(users?.['count'] ?? 0);
    removed.stayed += await markStayed(session, run);
    done += ids.length;
    onProgress({ step: 'remove', done, total });
  }
  return removed;
}

async function markStayed(session: LegacySession, run: readonly unknown[]): Promise<number> {
  const [row] = await session.query(
    `with stayed as (insert into public.legacy_links (run_id, integration_id, user_id, slot)
       select $1::uuid, gen_random_uuid(), u.id, 'stayed' from public.users u where u.id = any ($2::text[]) returning 1)
     select count(*)::int as count from stayed`,
    [...run],
  );
  return Number(row?.['count'] ?? 0);
}

/** What a user says of itself that the legacy table has no column for. */
function ownConditions({ run, columns }: LegacyTable): string[] {
  const held = new Set(columns.filter(({ use }) => use === 'profile').map(({ field }) => field));
  const lacking = Object.keys(PROFILE).filter((field) => !held.has(field) && field !== 'created_at');
  const metadata = run.catalogue.columns.filter(({ use }) => use === 'metadata' || use === 'sealed_metadata');
  const nulls = ['avatar_url', 'bio', 'email_verified_at', 'webauthn_handle', 'suspended_at', ...lacking];
  return [
    ...nulls.map((name) => `u.${identifier(name)} is null`),
    `u.platform_role = 'user'`,
    `u.metadata - array[${metadata.map(({ name }) => literal(name)).join(', ')}]::text[] = '{}'`,
  ];
}

const KEYS = `select c.conrelid::regclass::text as table,
    array(select a.attname::text from unnest(c.conkey) with ordinality k (attnum, position)
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum order by k.position) as columns,
    array(select a.attname::text from unnest(c.confkey) with ordinality k (attnum, position)
      join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum order by k.position) as references
  from pg_constraint c where c.contype = 'f' and c.conparentid = 0 and c.confrelid = 'public.users'::regclass order by 1, c.conname`;

/** Rows of other tables that refer to a user, found in the catalogue: sessions, passkeys, connections, memberships, … */
async function dependentConditions(session: LegacySession): Promise<string[]> {
  return (await session.query(KEYS)).map((row) => {
    const [columns, references] = [row['columns'], row['references']] as [string[], string[]];
    const same = columns.map((name, index) => `k.${identifier(name)} = u.${identifier(references[index] ?? '')}`);
    return `not exists (select from ${String(row['table'])} k where ${same.join(' and ')})`;
  });
}

/** What stays among ours of those whom the legacy table has, by reason, with a few users of each. */
export async function describeRemains(session: LegacySession, { run }: LegacyTable): Promise<Finding[]> {
  const rows = await session.query(
    `select reason, count(*)::int as count, (array_agg(id) filter (where position <= 5))::text[] as ids from (
       select ui.user_id || ' (' || ui.service_id || ')' as id, r.reason,
         row_number() over (partition by r.reason order by ui.user_id, ui.id) as position
         from public.legacy_links l join public.user_integrations ui on ui.user_id = l.user_id,
         lateral (select case when ui.service_id <> all (array['gmail', 'google_calendar', 'telegram', 'signal']) then 'service'
           when not ui.is_active then 'inactive'
           when ui.display_label is not null then 'label'
           when exists (select from public.oauth_connections c where c.id = ui.connection_id and c.account_id not like 'unverified:%') then 'verified'
           else 'account' end as reason) r
        where l.run_id = $1::uuid and l.slot = 'stayed') stays group by reason order by reason`,
    [run.id],
  );
  return rows.map((row) => {
    const reason = REASONS[String(row['reason'])] ?? '';
    const ids = Array.isArray(row['ids']) ? row['ids'].map(String) : [];
    return warning(`stays.${String(row['reason'])}`, reason, { examples: ids, count: Number(row['count']) });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  account: 'Accounts beside the one in the legacy columns, or with more than fits there, stay in user_integrations.',
  service: 'Services that the legacy table has no columns for stay in user_integrations.',
  inactive:
    'Disconnected accounts: their legacy columns are empty now, as "has it" means "is not null" there. Their tokens stay in user_integrations.',
  label: 'Accounts with a label, which the legacy table has no column for, stay in user_integrations.',
  verified: 'Accounts that their provider has named stay in user_integrations, with their grants.',
};
