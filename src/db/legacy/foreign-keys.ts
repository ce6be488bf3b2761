/** Foreign keys that refer to the legacy table: read from the catalogue, planned, and made anew to our users. */
import { databaseRefusal } from '../migrate/errors.ts';
import { identifier, literal } from '../migrate/quote.ts';
import type { MovedForeignKey } from './catalogue.ts';
import { isText, type LegacyColumn } from './columns.ts';
import { type LegacySession, qualified, type Row, type TableName } from './session.ts';

/** A foreign key as the catalogue has it. */
export interface ForeignKey extends Pick<
  MovedForeignKey,
  'schema' | 'table' | 'name' | 'columns' | 'references' | 'definition' | 'comment'
> {
  /** What of the definition follows the referenced columns: match type, actions, deferrability, validity. */
  readonly tail: string;
  readonly isValid: boolean;
  /** Whether we may alter the table. */
  readonly isOurs: boolean;
}

/** A foreign key's new definition; `toConstrain`: columns of our users that need a unique constraint for it. */
export interface ForeignKeyPlan {
  readonly key: ForeignKey;
  readonly definition: string;
  readonly narrowed: boolean;
  readonly toConstrain: readonly string[] | null;
}

// Keys of partitions follow their parent's. A key of the table to itself stays with it.
const KEYS = `select n.nspname::text as schema, r.relname::text as table, c.conname::text as name,
    pg_get_constraintdef(c.oid) as definition, c.convalidated as is_valid, obj_description(c.oid, 'pg_constraint') as comment,
    pg_has_role(r.relowner, 'USAGE') as is_ours,
    (select json_agg(a.attname order by k.position)::text from unnest(c.conkey) with ordinality k (attnum, position)
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum) as columns,
    (select json_agg(a.attname order by k.position)::text from unnest(c.confkey) with ordinality k (attnum, position)
       join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum) as references,
    (select 'FOREIGN KEY (' || string_agg(quote_ident(a.attname), ', ' order by k.position) || ')'
       from unnest(c.conkey) with ordinality k (attnum, position)
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum)
    || (select ' REFERENCES ' || quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '('
           || string_agg(quote_ident(a.attname), ', ' order by k.position) || ')'
       from unnest(c.confkey) with ordinality k (attnum, position)
       join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum
       join pg_class t on t.oid = c.confrelid join pg_namespace tn on tn.oid = t.relnamespace
      group by tn.nspname, t.relname) as head
  from pg_constraint c join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace
 where c.contype = 'f' and c.conparentid = 0 and c.confrelid = any ($1::oid[]) and c.conrelid <> all ($2::oid[])
 order by 1, 2, 3`;

/** The foreign keys that refer to these tables, but for those of the tables in `except`. */
export async function readForeignKeys(
  session: LegacySession,
  tables: readonly string[],
  except: readonly string[],
): Promise<ForeignKey[]> {
  return (await session.query(KEYS, [tables, except])).map(keyOf);
}

function keyOf(row: Row): ForeignKey {
  const [definition, head] = [String(row['definition']), String(row['head'])];
  const names = (key: string) => JSON.parse(String(row[key])) as string[];
  return {
    schema: String(row['schema']),
    table: String(row['table']),
    name: String(row['name']),
    columns: names('columns'),
    references: names('references'),
    definition,
    // A definition of another form (PERIOD) cannot be moved; the plan says so.
    tail: definition.startsWith(head) ? definition.slice(head.length) : '?',
    isValid: row['is_valid'] === true,
    comment: typeof row['comment'] === 'string' ? row['comment'] : null,
    isOurs: row['is_ours'] === true,
  };
}

/** Plans a key anew; null when it refers to what no longer exists. */
export function planForeignKey(key: ForeignKey, columns: readonly LegacyColumn[]): ForeignKeyPlan | null {
  const byId = key.references.indexOf('id');
  const allMove = key.references.every((name) =>
    columns.some((column) => column.name === name && column.use === 'profile' && staysItself(column)),
  );
  if (key.tail === '?') return null;
  if (allMove && (byId >= 0 || key.references.includes('email'))) {
    const isKey = key.references.length === 1 && byId === 0;
    const definition = definitionOf(key.columns, key.references, key.tail);
    return { key, definition, narrowed: false, toConstrain: isKey ? null : key.references.toSorted() };
  }
  const column = key.columns[byId];
  if (column === undefined) return null;
  // The list of columns to set goes with the columns.
  const tail = key.tail.replace(/(ON DELETE SET (?:NULL|DEFAULT)) \((?:"(?:[^"]|"")*"|[^")])*\)/, '$1');
  return { key, definition: definitionOf([column], ['id'], tail), narrowed: true, toConstrain: null };
}

/** Whether our column compares equal where theirs did. */
function staysItself({ name, type }: LegacyColumn): boolean {
  return name === 'created_at' ? type === 'timestamp with time zone' : isText(type);
}

function definitionOf(columns: readonly string[], references: readonly string[], tail: string): string {
  const list = (names: readonly string[]) => names.map(identifier).join(', ');
  return `FOREIGN KEY (${list(columns)}) REFERENCES public.users(${list(references)})${tail}`;
}

/** Takes a key off its table. */
export async function dropForeignKey(session: LegacySession, key: ForeignKey): Promise<void> {
  await session.query(`alter table ${tableOf(key)} drop constraint ${identifier(key.name)}`);
}

/** Puts a key back on its table, to our users. Rows that have no user stay: the key is then not validated. */
export async function addForeignKey(session: LegacySession, plan: ForeignKeyPlan): Promise<MovedForeignKey> {
  const { key } = plan;
  const isValid = await addUnlessOrphans(session, plan);
  if (key.comment !== null) {
    await session.query(`comment on constraint ${identifier(key.name)} on ${tableOf(key)} is ${literal(key.comment)}`);
  }
  return {
    schema: key.schema,
    table: key.table,
    name: key.name,
    columns: key.columns,
    references: key.references,
    definition: key.definition,
    movedDefinition: isValid || !key.isValid ? plan.definition : `${plan.definition} NOT VALID`,
    narrowed: plan.narrowed,
    wasValid: key.isValid,
    isValid: key.isValid && isValid,
    comment: key.comment,
  };
}

async function addUnlessOrphans(session: LegacySession, { key, definition }: ForeignKeyPlan): Promise<boolean> {
  const add = `alter table ${tableOf(key)} add constraint ${identifier(key.name)} ${definition}`;
  await session.query('savepoint legacy_foreign_key');
  try {
    await session.query(add);
    return true;
  } catch (error) {
    if (databaseRefusal(error)?.sqlstate !== '23503') throw error;
    await session.query('rollback to savepoint legacy_foreign_key');
    await session.query(`${add} NOT VALID`);
    return false;
  } finally {
    await session.query('release savepoint legacy_foreign_key').catch(() => {});
  }
}

/** The table that has the key. */
export function tableOf({ schema, table }: Pick<ForeignKey, 'schema' | 'table'>): string {
  return qualified({ schema, name: table } satisfies TableName);
}

/**
 * Makes the unique constraints that planned keys need.
 * @returns their names; one that was there already is not among them
 */
export async function addConstraints(session: LegacySession, plans: readonly ForeignKeyPlan[]): Promise<string[]> {
  const made: string[] = [];
  for (const columns of new Set(plans.flatMap(({ toConstrain }) => (toConstrain ? [toConstrain.join('_')] : [])))) {
    const name = `gatehouse_legacy_${columns}`.slice(0, 63);
    const list = plans.find(({ toConstrain }) => toConstrain?.join('_') === columns)?.toConstrain ?? [];
    const [there] = await session.query(
      `select 1 from pg_constraint where conname = $1 and conrelid = 'public.users'::regclass`,
      [name],
    );
    if (there) continue;
    await session.query(
      `alter table public.users add constraint ${identifier(name)} unique (${list.map(identifier).join(', ')})`,
    );
    made.push(name);
  }
  return made;
}
