/** The legacy table as a rollback meets it: called `users_old`, with the run that moved it away. */
import { literal } from '../migrate/quote.ts';
import type { LegacyRun } from './catalogue.ts';
import type { LegacyColumn } from './columns.ts';
import { type LegacySession, qualified } from './session.ts';

/** A column, and what a new row must know of it. */
export interface TableColumn extends LegacyColumn {
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
}

export interface LegacyTable {
  readonly run: LegacyRun;
  /** `"dev"."users_old"` */
  readonly old: string;
  /** SQL for the moment of the run: what was written later has changed since. */
  readonly since: string;
  /** How dates without a zone were read. */
  readonly timeZone: string;
  /** Those that can be written. */
  readonly columns: readonly TableColumn[];
}

/** Reads the table's columns as they are now. */
export async function readTable(session: LegacySession, run: LegacyRun): Promise<LegacyTable> {
  const old = qualified({ schema: run.schema, name: 'users_old' });
  const rows = await session.query(
    `select attname::text as name, attnotnull as is_required, atthasdef or attidentity <> '' as has_default,
        attgenerated <> '' or attidentity = 'a' as is_generated
       from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [old],
  );
  const facts = new Map(rows.map((row) => [row['name'], row]));
  const columns = run.catalogue.columns.flatMap((column): TableColumn[] => {
    const fact = facts.get(column.name);
    if (fact === undefined || fact['is_generated'] === true) return [];
    return [{ ...column, isRequired: fact['is_required'] === true, hasDefault: fact['has_default'] === true }];
  });
  const since = `(select created_at from public.legacy_runs where id = ${literal(run.id)})`;
  return { run, old, since, timeZone: String(run.options['timeZone'] ?? 'UTC'), columns };
}
