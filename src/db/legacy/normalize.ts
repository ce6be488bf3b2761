/** Moves a legacy schema's users into ours, in one transaction: all of it happens, or nothing. */
import { databaseRefusal } from '../migrate/errors.ts';
import { newId } from '../../lib/ids.ts';
import type { Sealer } from '../../lib/sealing.ts';
import { type LegacyCatalogue, readRun } from './catalogue.ts';
import { LegacyError } from './errors.ts';
import { inspect, type Movable } from './inspect.ts';
import { moveUsers, type Moved } from './move.ts';
import { rebuildSchema } from './rebuild.ts';
import { describeFinding, type Finding, type LegacyReport, type Progress, warning } from './report.ts';
import { inTransaction, type LegacySession, lockTables, takeRunLock, withLockRetries } from './session.ts';

export interface NormalizeOptions {
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  /** Go on from an attempt that was broken off: `users_old` is the table to move, what else there is is renamed. */
  readonly resume?: boolean;
  /** The zone of dates that name none, such as `Europe/Berlin`. Default UTC. */
  readonly timeZone?: string;
  /**
   * Leave tokens and other credentials as they are, readable to SQL clients, instead of sealing them. The job that seals
   * them later must be off too (SEAL_SQL_VALUES=off). Secrets that go to `users.metadata` are sealed all the same.
   */
  readonly keepPlain?: boolean;
  /** What of views and the like that know the legacy table: refuse (default), or keep them on `users_old`. */
  readonly dependents?: 'refuse' | 'keep';
  /** Longest wait for one lock, milliseconds. Default 5000. */
  readonly lockTimeout?: number;
  /** How often locks are tried for. Default 10. */
  readonly lockAttempts?: number;
  /** Rows held in memory at once. Default 1000. */
  readonly batchSize?: number;
}

export interface NormalizeCall {
  /** As the owner of our tables, who may alter the legacy ones too. */
  readonly session: LegacySession;
  readonly schema: string;
  /** Over `TOKEN_KEYS`. */
  readonly sealer: Sealer;
  readonly options?: NormalizeOptions;
  readonly onProgress?: (progress: Progress) => void;
}

export interface NormalizeResult {
  readonly state: 'normalized' | 'already_normalized' | 'dry_run';
  /** The row of `legacy_runs`; null in a dry run. */
  readonly runId: string | null;
  readonly report: LegacyReport;
}

/**
 * Normalises a schema: its users and credentials become ours, its foreign keys refer to ours, views and functions stand
 * where the table was, which stays as `users_old`. A dry run changes nothing.
 * @throws LegacyError `legacy.refused` (with the report), `legacy.running`, `legacy.locked`, `legacy.no_schema`,
 *   `legacy.not_migrated`, `legacy.option_invalid`
 */
export async function normalize(call: NormalizeCall): Promise<NormalizeResult> {
  const { session, schema, options = {} } = call;
  await requireOurs(session);
  await requireTimeZone(session, options.timeZone ?? 'UTC');
  if (options.dryRun)
    return inTransaction(session, async () => (await already(session, schema)) ?? tryOut(call), { readOnly: true });
  return withLockRetries(async () => inTransaction(session, async () => run(call)), options.lockAttempts ?? 10);
}

async function run(call: NormalizeCall): Promise<NormalizeResult> {
  const { session, schema, options = {}, onProgress = () => {} } = call;
  const start = performance.now();
  await takeRunLock(session);
  const before = await already(session, schema);
  if (before) return before;
  await lockAll(call);
  const inspection = await requireMovable(call);
  const { source } = inspection;
  const runId = newId();
  await session.query(`insert into public.legacy_runs (id, schema_name, state) values ($1::uuid, $2, 'normalized')`, [
    runId,
    schema,
  ]);
  const moved = await moveUsers({
    session,
    source,
    batchSize: batchSizeOf(options),
    onProgress,
    into: {
      runId,
      sealer: call.sealer,
      keepPlain: options.keepPlain ?? false,
      timeZone: options.timeZone ?? 'UTC',
      spread: Math.max(3600, source.rows / 10),
    },
  });
  const catalogue = await rebuildSchema(session, inspection, onProgress);
  const seconds = Math.round(performance.now() - start) / 1000;
  const report = reportOf(schema, [...inspection.findings, ...orphanFindings(catalogue)], { ...moved, seconds });
  await session.query(
    `update public.legacy_runs set options = $2::text::jsonb, catalogue = $3::text::jsonb, report = $4::text::jsonb
      where id = $1::uuid`,
    [runId, JSON.stringify(options), JSON.stringify(catalogue), JSON.stringify(report)],
  );
  onProgress({ step: 'done', done: 1, total: 1 });
  return { state: 'normalized', runId, report };
}

async function tryOut(call: NormalizeCall): Promise<NormalizeResult> {
  const { session, options = {}, onProgress = () => {} } = call;
  const { source, findings } = await requireMovable(call);
  const moved = await moveUsers({ session, source, batchSize: batchSizeOf(options), onProgress, into: null });
  return { state: 'dry_run', runId: null, report: reportOf(call.schema, findings, moved) };
}

function batchSizeOf({ batchSize = 1000 }: NormalizeOptions): number {
  return Math.max(1, Math.floor(batchSize));
}

/** Inspects, and refuses with all findings when any stands in the way. */
async function requireMovable(call: NormalizeCall): Promise<Movable> {
  const { session, schema, options = {}, onProgress = () => {} } = call;
  onProgress({ step: 'inspect', done: 0, total: 1 });
  const inspection = await inspect(session, schema, {
    resume: options.resume ?? false,
    dependents: options.dependents ?? 'refuse',
  });
  onProgress({ step: 'inspect', done: 1, total: 1 });
  const { source, findings } = inspection;
  const refusals = findings.filter(({ severity }) => severity === 'refusal');
  if (source !== null && refusals.length === 0) return { ...inspection, source };
  const report = reportOf(schema, findings, { ...NOTHING, users: source?.rows ?? 0 });
  const message = `"${schema}" was not changed: ${refusals.map(describeFinding).join(' ')}`;
  throw new LegacyError('legacy.refused', message, { report });
}

// Its views are still there, so it was not made anew by somebody.
const FINISHED = `select r.id::text, r.report::text from public.legacy_runs r
  join pg_class c on c.relname = 'users' and c.relkind = 'v' join pg_namespace n on n.oid = c.relnamespace
 where r.schema_name = $1 and n.nspname = $1 and r.state = 'finished' order by r.updated_at desc limit 1`;

const NOTHING: Moved = {
  users: 0,
  integrations: { gmail: 0, google_calendar: 0, telegram: 0, signal: 0 },
  connections: 0,
  sealed: 0,
  unreadableDates: {},
};

function reportOf(schema: string, findings: readonly Finding[], moved: Moved & { seconds?: number }): LegacyReport {
  return { schema, findings, ...moved };
}

/** The run that is in force already; also one that was finished. */
async function already(session: LegacySession, schema: string): Promise<NormalizeResult | null> {
  const before = await readRun(session, schema);
  const [view] = before ? [] : await session.query(FINISHED, [schema]);
  if (view) {
    const report = JSON.parse(String(view['report'])) as LegacyReport;
    return { state: 'already_normalized', runId: String(view['id']), report };
  }
  return before && { state: 'already_normalized', runId: before.id, report: before.report };
}

/**
 * Locks what will be altered before anything is moved, so that nothing waits, or ends in a deadlock, after minutes of
 * work. Our users stay readable.
 */
async function lockAll({ session, schema, options = {}, onProgress = () => {} }: NormalizeCall): Promise<void> {
  onProgress({ step: 'lock', done: 0, total: 1 });
  const look = await inspect(session, schema, { resume: options.resume ?? false, dependents: 'keep', shallow: true });
  // What we may not alter cannot be locked either; the inspection says so.
  if (!look.source?.isOurs || look.foreignKeys.some(({ key }) => !key.isOurs)) return;
  const tables = look.foreignKeys.map(({ key }) => ({ schema: key.schema, name: key.table }));
  const asides = look.asides.filter(({ hasRows }) => hasRows).map(({ name }) => ({ schema, name }));
  await lockTables(session, [look.source, ...tables, ...asides], options.lockTimeout ?? 5000);
  onProgress({ step: 'lock', done: 1, total: 1 });
}

function orphanFindings({ foreignKeys }: LegacyCatalogue): Finding[] {
  const orphans = foreignKeys.filter(({ wasValid, isValid }) => wasValid && !isValid);
  const names = orphans.map(({ schema, table, name }) => `${schema}.${table}.${name}`);
  const message = 'Rows without a user were found: these hold for new rows alone (NOT VALID).';
  return names.length === 0 ? [] : [warning('foreign_key.orphans', message, names)];
}

/** Our tables must be there. @throws LegacyError `legacy.not_migrated` */
export async function requireOurs(session: LegacySession): Promise<void> {
  const [row] = await session.query(`select to_regclass('public.legacy_runs') is not null as is_there`);
  if (row?.['is_there'] === true) return;
  throw new LegacyError('legacy.not_migrated', 'Gatehouse is not in this database yet. Run: npm run migrate:push');
}

async function requireTimeZone(session: LegacySession, timeZone: string): Promise<void> {
  try {
    await session.query('select now() at time zone $1', [timeZone]);
  } catch (error) {
    if (databaseRefusal(error)?.sqlstate !== '22023') throw error;
    throw new LegacyError('legacy.option_invalid', `There is no time zone "${timeZone}": such as Europe/Berlin.`, {
      cause: error,
    });
  }
}
