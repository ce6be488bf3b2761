/** What a legacy schema is, in all that a rollback must bring back: its rows byte for byte, and its catalogue. */
import { legacyTables } from './legacy-database.ts';

export type Query = (text: string, params?: readonly string[]) => Promise<Record<string, unknown>[]>;

/** Everything in the schemas but rows: columns, constraints, indexes, triggers, grants, comments, views, functions. */
export async function catalogueOf(query: Query, schema: string): Promise<string[]> {
  const rows = await query(CATALOGUE, [schema, `${schema}_archive`]);
  return rows.map(({ line }) => String(line));
}

/** Keeps a copy of every legacy table beside them, to compare with later. */
export async function keepOriginal(query: Query, schema: string): Promise<void> {
  await query(`create schema ${schema}_original`);
  for (const table of legacyTables(schema)) await query(`create table ${copyOf(table, schema)} as table ${table}`);
}

/** The rows of every legacy table that are not in its copy, or are missing from it: `table -row`, `table +row`. */
export async function changedRows(query: Query, schema: string, limit = 20): Promise<string[]> {
  const changed: string[] = [];
  for (const table of legacyTables(schema)) {
    const [now, before] = [`select t::text as row from ${table} t`, `select t::text from ${copyOf(table, schema)} t`];
    const rows = await query(
      `select '-' || row as row from (${before.replace('t::text', 't::text as row')} except all ${now}) gone
       union all select '+' || row from (${now} except all ${before}) came limit ${limit}`,
    );
    changed.push(...rows.map(({ row }) => `${table} ${String(row)}`));
  }
  return changed;
}

const copyOf = (table: string, schema: string) => `${schema}_original.${table.replace('.', '__')}`;

const CATALOGUE = `
with relations as (
  select c.oid, c.relname, c.relkind, c.relacl, n.nspname, c.relrowsecurity
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ($1, $2))
select line from (
  select format('relation %I.%I %s %s row security %s: %s', nspname, relname, relkind, relacl, relrowsecurity,
    obj_description(oid, 'pg_class')) as line from relations
  union all
  select format('column %I.%I %s %s %s not null %s default %s acl %s', r.nspname, r.relname, a.attnum, a.attname,
    format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl)
    from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
  union all
  select format('constraint %I.%I %I %s validated %s: %s', r.nspname, r.relname, k.conname, pg_get_constraintdef(k.oid),
    k.convalidated, obj_description(k.oid, 'pg_constraint')) from pg_constraint k join relations r on r.oid = k.conrelid
  union all
  select format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
    from pg_index i join relations r on r.oid = i.indrelid
  union all
  select format('trigger %I.%I %s %s', r.nspname, r.relname, pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
  union all
  select format('function %s', p.oid::regprocedure) from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname in ($1, $2)
) everything order by line collate "C"`;
