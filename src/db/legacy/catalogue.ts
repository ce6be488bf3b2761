/** What a schema was before it was normalised (`legacy_runs.catalogue`): all that a rollback needs to put it back. */
import type { LegacyColumn } from './columns.ts';
import type { LegacyReport } from './report.ts';
import type { LegacySession } from './session.ts';

/** A foreign key of another table, from `users` of the legacy schema to ours. */
export interface MovedForeignKey {
  /** Of the table that has the key. */
  readonly schema: string;
  readonly table: string;
  /** The constraint's name: the same before and after. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: readonly string[];
  /** `pg_get_constraintdef` before. It names the table as it was called then. */
  readonly definition: string;
  /** As it was made anew. */
  readonly movedDefinition: string;
  /** Whether it refers to the id alone now, because other columns that it named are no more. */
  readonly narrowed: boolean;
  readonly wasValid: boolean;
  /** Whether it is valid now: one over rows without a user stays unvalidated. */
  readonly isValid: boolean;
  readonly comment: string | null;
}

/** A thing of an earlier attempt, renamed out of the way. */
export interface Aside {
  readonly kind: 'table' | 'function';
  readonly name: string;
  readonly renamedTo: string;
  /** Of a function: its argument types. */
  readonly arguments?: string;
}

export interface LegacyCatalogue {
  readonly version: 1;
  /** What the table was called; it is called `users_old` now. */
  readonly source: { readonly name: string };
  /** All columns of the legacy table, in their order. */
  readonly columns: readonly LegacyColumn[];
  readonly foreignKeys: readonly MovedForeignKey[];
  /** Unique constraints added to our users, for composite foreign keys. */
  readonly constraints: readonly string[];
  readonly asides: readonly Aside[];
  readonly views: readonly string[];
  /** `name(argument types)` */
  readonly functions: readonly string[];
  /** Columns of `users_old` that gatehouse_sql was let read, for requirement 1's verification. */
  readonly granted: readonly string[];
  /** Whether USAGE on the schema was granted by us. */
  readonly usageGranted: boolean;
}

/** A row of `legacy_runs`. */
export interface LegacyRun {
  readonly id: string;
  readonly schema: string;
  readonly state: 'normalized' | 'rolled_back' | 'finished';
  readonly options: Readonly<Record<string, unknown>>;
  readonly catalogue: LegacyCatalogue;
  readonly report: LegacyReport;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** The schema's run that is in force; null when the schema is not normalised. */
export async function readRun(session: LegacySession, schema: string): Promise<LegacyRun | null> {
  const [row] = await session.query(
    `select id::text, state, options::text, catalogue::text, report::text,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at
      from public.legacy_runs where schema_name = $1 and state = 'normalized'`,
    [schema],
  );
  if (row === undefined) return null;
  return {
    id: String(row['id']),
    schema,
    state: String(row['state']) as LegacyRun['state'],
    options: JSON.parse(String(row['options'])) as LegacyRun['options'],
    catalogue: JSON.parse(String(row['catalogue'])) as LegacyCatalogue,
    report: JSON.parse(String(row['report'])) as LegacyReport,
    createdAt: String(row['created_at']),
  };
}
