/** Finds the legacy table in the catalogue: by what name, with which columns, and who refers to it. */
import { columnOf, type LegacyColumn } from './columns.ts';
import { LegacyError } from './errors.ts';
import { type LegacySession, qualified, type Row, type TableName } from './session.ts';

/** The table that holds the legacy users. */
export interface LegacySource extends TableName {
  readonly oid: string;
  readonly columns: readonly LegacyColumn[];
  /** Whether we may alter it; else its rows are not counted. */
  readonly isOurs: boolean;
  readonly rows: number;
}

/** What else stands in the schema under a name that normalising needs. */
export interface InTheWay {
  readonly kind: 'table' | 'function';
  readonly name: string;
  /** Of a function: its argument types. */
  readonly arguments?: string;
  readonly oid: string;
  /** Whether it is a table, and not a view or a function. */
  readonly hasRows: boolean;
}

/** What a schema has, before anything is judged. */
export interface SchemaState {
  readonly schema: string;
  /** Null: it has no table of users. */
  readonly source: LegacySource | null;
  /** Things of an earlier attempt, or of somebody else. */
  readonly inTheWay: readonly InTheWay[];
}

/** The names that the normalised schema has. */
export const VIEWS = ['users', 'services', 'user_integrations'] as const;
export const KEPT = 'users_old';

const RELATIONS = `select c.oid::text, c.relname::text as name, c.relkind::text as kind,
    pg_has_role(c.relowner, 'USAGE') as is_ours from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = $1 and c.relname = any ($2::text[]) order by c.relname`;

const COLUMNS = `select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
 where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`;

/**
 * Reads a schema's state. With `resume`, `users_old` of an attempt that was broken off is the source, and what that
 * attempt made besides is in the way; else `users` is.
 * @throws LegacyError `legacy.no_schema`
 */
export async function readSchema(
  session: LegacySession,
  schema: string,
  options: { readonly resume: boolean; readonly functions: readonly string[] },
): Promise<SchemaState> {
  const [found] = await session.query('select 1 from pg_namespace where nspname = $1', [schema]);
  if (!found) throw new LegacyError('legacy.no_schema', `There is no schema "${schema}" in this database.`);
  const relations = await session.query(RELATIONS, [schema, [...VIEWS, KEPT]]);
  const sourceName = options.resume && relations.some(({ name }) => name === KEPT) ? KEPT : 'users';
  const row = relations.find(({ name, kind }) => name === sourceName && ['r', 'p'].includes(String(kind)));
  const others = relations.filter((relation) => relation !== row);
  return {
    schema,
    source: row ? await readSource(session, schema, row) : null,
    inTheWay: [
      ...others.map(({ name, oid, kind }) => ({
        kind: 'table' as const,
        name: String(name),
        oid: String(oid),
        hasRows: kind === 'r' || kind === 'p',
      })),
      ...(await readFunctions(session, schema, options.functions)),
    ],
  };
}

async function readSource(session: LegacySession, schema: string, row: Row): Promise<LegacySource> {
  const [oid, name] = [String(row['oid']), String(row['name'])];
  const columns = await session.query(COLUMNS, [oid]);
  const isOurs = row['is_ours'] === true;
  const count = `select count(*)::text as rows from ${qualified({ schema, name })}`;
  const [counted] = isOurs ? await session.query(count) : [];
  return {
    schema,
    name,
    oid,
    columns: columns.map((column) => columnOf(String(column['name']), String(column['type']))),
    isOurs,
    rows: Number(counted?.['rows'] ?? 0),
  };
}

async function readFunctions(
  session: LegacySession,
  schema: string,
  names: readonly string[],
): Promise<readonly InTheWay[]> {
  const rows = await session.query(
    `select p.oid::text, p.proname::text as name, pg_get_function_identity_arguments(p.oid) as arguments
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = $1 and p.proname = any ($2::text[]) order by p.proname, 3`,
    [schema, names],
  );
  return rows.map((row) => ({
    kind: 'function',
    name: String(row['name']),
    arguments: String(row['arguments']),
    oid: String(row['oid']),
    hasRows: false,
  }));
}
