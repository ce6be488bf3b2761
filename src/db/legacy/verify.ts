/** Whether a normalised schema has everything: requirement 1's verification, and checks of our own. */
import type { Sealer } from '../../lib/sealing.ts';
import { identifier } from '../migrate/quote.ts';
import type { LegacyRun } from './catalogue.ts';
import { SLOT_KEYS, SLOTS } from './columns.ts';
import { requireOurs } from './normalize.ts';
import { type Finding, type Progress, refusal, warning } from './report.ts';
import { requireRun } from './rollback.ts';
import { type LegacyTable, readTable } from './rollback-table.ts';
import { inTransaction, type LegacySession, type Row } from './session.ts';
import { documentQueries } from './verify-document.ts';
import { checkSchema } from './verify-schema.ts';
import { type Compared, compareUsers } from './verify-values.ts';

export interface VerifyOptions {
  /** Compare every user, not a sample. */
  readonly all?: boolean;
  /** How many users to compare. Default 1000. */
  readonly sample?: number;
  /** Users who are gone were deleted since; not said, they are missing. */
  readonly acceptRemoved?: boolean;
  /** Rows held in memory at once. Default 1000. */
  readonly batchSize?: number;
}

export interface VerifyCall {
  readonly session: LegacySession;
  readonly schema: string;
  /** Over `TOKEN_KEYS`, with every key that tokens are under. */
  readonly sealer: Sealer;
  readonly options?: VerifyOptions;
  readonly onProgress?: (progress: Progress) => void;
}

export interface VerifyReport {
  readonly schema: string;
  readonly runId: string;
  /** Whether nothing is missing. */
  readonly isComplete: boolean;
  /** Refusals are what is missing. */
  readonly findings: readonly Finding[];
  /** Requirement 1, query 1: rows of `users`, `users_old`, `user_integrations`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Query 2, by issue: how many rows it shows, and how many of them are explained. */
  readonly missing: readonly { readonly issue: string; readonly count: number; readonly explained: number }[];
  /** Query 3: `table.constraint`. */
  readonly foreignKeys: readonly string[];
  /** Query 4. */
  readonly sample: readonly Row[];
  readonly services: readonly {
    readonly service: string;
    readonly active: number;
    readonly inactive: number;
    readonly withTokens: number;
  }[];
  readonly compared: Compared;
}

/**
 * Verifies a normalised schema. Changes nothing.
 * @throws LegacyError `legacy.not_normalized`
 */
export async function verify(call: VerifyCall): Promise<VerifyReport> {
  await requireOurs(call.session);
  return inTransaction(call.session, async () => verifyRun(call, await requireRun(call.session, call.schema)), {
    readOnly: true,
  });
}

/** The same inside a transaction that the caller holds. */
export async function verifyRun(call: VerifyCall, run: LegacyRun): Promise<VerifyReport> {
  const { session, schema, sealer, options = {}, onProgress = () => {} } = call;
  // NOT IN over many rows is quick in memory alone.
  await session.query(`select set_config('work_mem', '256MB', true)`);
  const table = await readTable(session, run);
  const queries = documentQueries(schema, new Set(run.catalogue.columns.map(({ name }) => name)));
  const steps = { done: 0, total: 6 };
  const step = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    steps.done += 1;
    onProgress({ step: 'verify', ...steps });
    return result;
  };
  const counts = await step(session.query(queries.counts));
  const missing = await step(readMissing(session, table, queries.missing));
  const foreignKeys = await step(session.query(queries.foreignKeys));
  const sample = await step(session.query(queries.sample));
  const services = await step(session.query(SERVICES));
  const rows = await step(checkRows(session, table, options.acceptRemoved === true));
  const unexplained = missing.filter(({ count, explained }) => count > explained);
  const { compared, findings } = await compareUsers({
    session,
    table,
    sealer,
    onProgress,
    sample: options.all ? null : (options.sample ?? 1000),
    batchSize: options.batchSize ?? 1000,
  });
  const all = [
    ...unexplained.map(({ issue, count, explained, ids }) =>
      refusal('document.missing', `${issue}: the users had it, and have no integration.`, {
        examples: ids,
        count: count - explained,
      }),
    ),
    ...rows,
    ...(await checkSchema(session, run)),
    ...findings,
  ];
  return {
    schema,
    runId: run.id,
    isComplete: all.every(({ severity }) => severity !== 'refusal'),
    findings: all,
    counts: Object.fromEntries(counts.map((row) => [String(row['table']), Number(row['count'])])),
    missing: missing.map(({ issue, count, explained }) => ({ issue, count, explained })),
    foreignKeys: foreignKeys.map((row) => `${String(row['table_name'])}.${String(row['constraint_name'])}`),
    sample,
    services: services.map((row) => ({
      service: String(row['service']),
      active: Number(row['active']),
      inactive: Number(row['inactive']),
      withTokens: Number(row['with_tokens']),
    })),
    compared,
  };
}

const SERVICES = `select s.id as service, count(ui.id) filter (where ui.is_active)::int as active,
    count(ui.id) filter (where not ui.is_active)::int as inactive, count(ui.connection_id)::int as with_tokens
  from public.services s left join public.user_integrations ui on ui.service_id = s.id group by s.id order by s.id`;

interface Missing {
  readonly issue: string;
  readonly count: number;
  readonly explained: number;
  readonly ids: readonly string[];
}

/** Of what query 2 shows, an empty text was never a credential; and what was moved and deleted since is not missing. */
async function readMissing(
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
async function checkRows(session: LegacySession, table: LegacyTable, acceptRemoved: boolean): Promise<Finding[]> {
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
