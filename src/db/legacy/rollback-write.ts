/** Writes into the legacy table what a comparison found. */
import { identifier, literal } from '../migrate/quote.ts';
import { emptyOf } from './rollback-cells.ts';
import type { LegacyTable } from './rollback-table.ts';
import type { LegacyChange } from './rollback-values.ts';
import type { LegacySession } from './session.ts';

/** One statement for a batch: a column that a row does not change is set to itself. */
export async function updateRows(
  session: LegacySession,
  table: LegacyTable,
  changes: readonly LegacyChange[],
): Promise<void> {
  const names = new Set(changes.flatMap(({ columns }) => Object.keys(columns)));
  if (names.size === 0) return;
  const sets = table.columns
    .filter(({ name }) => names.has(name))
    .map(({ name, type }) => {
      const [column, key] = [identifier(name), literal(name)];
      return `${column} = case when d.row ? ${key} then (d.row ->> ${key})::${type} else o.${column} end`;
    });
  await session.query(
    `update ${table.old} o set ${sets.join(', ')}
       from (select r.id, r.row from jsonb_to_recordset($1::text::jsonb) r (id text, "row" jsonb)) d where o.id::text = d.id`,
    [JSON.stringify(changes.map(({ id, columns }) => ({ id, row: columns })))],
  );
}

/** A new row has what ours know; the other columns their defaults. */
export async function insertRows(
  session: LegacySession,
  table: LegacyTable,
  changes: readonly LegacyChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const names = new Set(changes.flatMap(({ columns }) => Object.keys(columns)));
  const columns = table.columns.filter(
    ({ name, isRequired, hasDefault }) => names.has(name) || (isRequired && !hasDefault),
  );
  const [defaults] = await session.query(
    `select coalesce(json_object_agg(a.attname, pg_get_expr(d.adbin, d.adrelid)), '{}')::text as of from pg_attrdef d
       join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where d.adrelid = to_regclass($1)`,
    [table.old],
  );
  const expressions = JSON.parse(String(defaults?.['of'] ?? '{}')) as Record<string, string>;
  const values = columns.map((column) => {
    const value = `(d.row ->> ${literal(column.name)})::${column.type}`;
    const empty = emptyOf(column);
    const otherwise = expressions[column.name] ?? (empty === null ? 'null' : `${literal(empty)}::${column.type}`);
    return `coalesce(${value}, ${otherwise})`;
  });
  await session.query(
    `insert into ${table.old} (${columns.map(({ name }) => identifier(name)).join(', ')}) select ${values.join(', ')}
       from (select r.row from jsonb_to_recordset($1::text::jsonb) r ("row" jsonb)) d`,
    [JSON.stringify(changes.map(({ columns: row }) => ({ row })))],
  );
}
