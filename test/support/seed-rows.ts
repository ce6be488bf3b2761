import { newId } from '../../src/lib/ids.ts';
import { insert, type Owner } from './owner.ts';

/** What the generic seed cannot guess: a check constraint that ties columns together, a row that must be there. */
const hints: Record<string, object> = {
  user_integrations: { service_id: 'gmail' },
  api_tokens: { kind: 'personal', organization_id: null },
  outbox: { organization_id: null },
  oauth_states: { purpose: 'link', organization_id: null },
  oauth_connections: { organization_id: null },
  grant_revocations: { token_field: 'refresh_token' },
  magic_links: { purpose: 'sign_in' },
};

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

export interface SeededTable {
  readonly table: string;
  readonly columns: readonly string[];
  /** Picks the row that was made: a where clause and its parameters. */
  readonly where: string;
  readonly params: readonly unknown[];
}

/**
 * One row in every table for this user and organisation, made from the catalogue, so that a table that comes later is
 * covered by not being named. A table it cannot fill fails the test: give a hint.
 */
export async function seedEveryTable(
  owner: Owner,
  given: { userId: string; organizationId: string },
): Promise<SeededTable[]> {
  const columns = await owner.query<Column>(`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, null) as type,
           a.attnotnull and not a.atthasdef and a.attgenerated = '' as required
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by c.relname, a.attnum`);
  const tables = Map.groupBy(columns, ({ table }) => table);
  const run = newId();
  await insert(owner, 'legacy_runs', { id: run, schema_name: run, state: 'finished' });
  const seeded: SeededTable[] = [];
  for (const [table, all] of tables) {
    const names = all.map(({ name }) => name);
    if (table === 'users') seeded.push({ table, columns: names, where: 'id = $1', params: [given.userId] });
    else if (table === 'organizations')
      seeded.push({ table, columns: names, where: 'id = $1', params: [given.organizationId] });
    else seeded.push({ table, columns: names, ...(await seedRow(owner, table, all, { ...given, run })) });
  }
  return seeded;
}

async function seedRow(
  owner: Owner,
  table: string,
  columns: Column[],
  given: { userId: string; organizationId: string; run: string },
) {
  const row: Record<string, unknown> = {};
  for (const { name, type, required } of columns) {
    if (name === 'user_id') row[name] = given.userId;
    else if (name === 'organization_id') row[name] = given.organizationId;
    else if (name === 'run_id') row[name] = given.run;
    else if (name === 'id') row[name] = newId();
    else if (required) row[name] = valueOf(type);
  }
  Object.assign(row, hints[table]);
  await insert(owner, table, row);
  const key = Object.entries(row).filter(
    ([name, value]) => value !== null && (name === 'id' || (!('id' in row) && /_(id|hash)$/.test(name))),
  );
  return { where: key.map(([name], i) => `${name} = $${i + 1}`).join(' and '), params: key.map(([, value]) => value) };
}

function valueOf(type: string): unknown {
  if (/^(character varying|text)/.test(type)) return `x${newId().slice(-9)}`;
  if (type === 'uuid') return newId();
  if (type.startsWith('timestamp')) return new Date(Date.now() + 3_600_000).toISOString();
  if (type === 'boolean') return true;
  if (/int|numeric/.test(type)) return 1;
  if (/^jsonb?$/.test(type)) return '{}';
  if (type === 'bytea') return `\\x${newId().replaceAll('-', '')}`;
  throw new Error(`No value for a column of type ${type}: add one to test/support/seed-rows.ts.`);
}
