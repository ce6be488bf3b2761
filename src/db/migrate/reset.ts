import { type ApplyResult, applyMigrations } from './apply.ts';
import { withShadow } from './catalogue/shadow.ts';
import type { MigrationConnection, Statement } from './connection.ts';
import { MigrationError } from './errors.ts';
import { initialize, type WorkerLogins } from './initialize.ts';
import { readJournal } from './journal.ts';
import { readMigrations } from './files.ts';
import { runContext, type RunOptions, sendLocked } from './run-context.ts';
import { migrationStatuses } from './status.ts';

export interface ResetOptions extends Omit<RunOptions, 'dryRun'> {
  readonly logins: WorkerLogins;
  /** The value of ENVIRONMENT; `development` needs no confirmation. */
  readonly environment?: string;
  /** The database's name as a person typed it, which confirms. */
  readonly confirmedDatabase?: string;
}

export interface ResetResult extends Pick<ApplyResult, 'target' | 'applied'> {
  /** What was dropped, as it was written in the statements. */
  readonly dropped: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Drops everything that Gatehouse's migrations make, with all data in it, and applies them again. Other tables stay.
 * @throws MigrationError `reset.refused` without confirmation; before anything is dropped also if the migrations on disk
 * do not apply to an empty database.
 */
export async function resetDatabase(options: ResetOptions): Promise<ResetResult> {
  const { connection, directory, logins } = options;
  requireConfirmation(options);
  const names = { app: logins.app.name, service: logins.service.name };
  const drops = await withShadow({ directory, logins: names }, dropStatements);
  const notes = await leftBehind(connection, directory);
  const context = await runContext(options);
  await sendLocked(context, `reset of ${connection.target}`, drops);
  context.say(`Dropped ${drops.length} objects`);
  const prepared = await initialize({ connection, logins });
  const { target, applied } = await applyMigrations(options);
  return { target, applied, dropped: drops.map(({ query }) => query), notes: [...notes, ...prepared.notes] };
}

function requireConfirmation({ connection, environment, confirmedDatabase }: ResetOptions): void {
  const { target, database } = connection;
  if (confirmedDatabase === undefined && environment === 'development') return;
  if (confirmedDatabase === database) return;
  const why =
    confirmedDatabase === undefined
      ? 'Outside ENVIRONMENT=development, name the database to confirm: --database NAME.'
      : `The database there is not named "${confirmedDatabase}".`;
  throw new MigrationError('reset.refused', `reset drops everything of Gatehouse in ${target}, with all data. ${why}`);
}

/** What to drop, read from a shadow, so that nobody else's tables are touched. */
async function dropStatements(shadow: MigrationConnection): Promise<Statement[]> {
  // e: of an extension; a, i: a sequence that goes with its column.
  const standsAlone = `not exists (select from pg_depend d where d.objid = o.oid and (d.deptype = 'e'
    or (d.deptype in ('a', 'i') and d.classid = 'pg_class'::regclass and d.refobjsubid > 0)))`;
  const rows = await shadow.single({
    query: `select query from (
      select 1 as rank, format('drop %s if exists %I.%I cascade', case o.relkind when 'v' then 'view'
          when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end, n.nspname, o.relname) as query
        from pg_class o join pg_namespace n on n.oid = o.relnamespace
        where n.nspname = 'public' and o.relkind in ('r', 'p', 'v', 'm', 'S') and ${standsAlone}
      union all select 2, format('drop routine if exists %I.%I(%s) cascade', n.nspname, o.proname,
          pg_get_function_identity_arguments(o.oid))
        from pg_proc o join pg_namespace n on n.oid = o.pronamespace where n.nspname = 'public' and ${standsAlone}
      union all select 3, format('drop type if exists %I.%I cascade', n.nspname, o.typname)
        from pg_type o join pg_namespace n on n.oid = o.typnamespace left join pg_class c on c.oid = o.typrelid
        where n.nspname = 'public' and (o.typtype in ('e', 'd') or c.relkind = 'c') and ${standsAlone}
      union all select 4, 'drop schema if exists gatehouse cascade') drops order by rank, query`,
  });
  return rows.map((row) => ({ query: String(row['query']) }));
}

async function leftBehind(connection: MigrationConnection, directory: string): Promise<string[]> {
  const statuses = migrationStatuses(await readMigrations(directory), (await readJournal(connection)) ?? []);
  return statuses
    .filter(({ state }) => state === 'unknown' || state === 'changed')
    .map(
      ({ name, state }) => `${name} was ${state}: what it had made and the files on disk do not may still be there.`,
    );
}
