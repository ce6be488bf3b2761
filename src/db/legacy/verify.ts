/** Whether a normalised schema has everything: requirement 1's verification, and checks of our own. */
import type { Sealer } from '../../lib/sealing.ts';
import type { LegacyRun } from './catalogue.ts';
import { requireOurs } from './normalize.ts';
import { type Finding, type Progress, refusal } from './report.ts';
import { requireRun } from './rollback-ready.ts';
import { readTable } from './rollback-table.ts';
import { inTransaction, type LegacySession, type Row } from './session.ts';
import { documentQueries } from './verify-document.ts';
import { checkRows, readMissing } from './verify-rows.ts';
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
