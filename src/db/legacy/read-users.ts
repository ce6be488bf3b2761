/** Reads the legacy table piece by piece, through a cursor on the server: memory does not grow with its rows. */
import { identifier, literal } from '../migrate/quote.ts';
import type { LegacyColumn } from './columns.ts';
import type { LegacyUser } from './plan-user.ts';
import { type LegacySession, qualified, type Row, type TableName } from './session.ts';

export interface UserReader {
  /** The next rows; none at the end. */
  next(): Promise<LegacyUser[]>;
}

/** Opens the cursor; it lasts until the transaction ends. */
export async function openUsers(
  session: LegacySession,
  source: TableName & { readonly columns: readonly LegacyColumn[] },
  batchSize: number,
): Promise<UserReader> {
  const { columns } = source;
  const values = columns.map((column, index) => `${valueOf(column)} as c${index}`);
  const select = [...values, `${metadataOf(columns)} as metadata`].join(', ');
  await session.query(`declare legacy_users no scroll cursor for select ${select} from ${qualified(source)} t`);
  const fetch = `fetch forward ${batchSize} from legacy_users`;
  return {
    next: async () => (await session.query(fetch)).map((row) => userOf(columns, row)),
  };
}

/** Closes the cursor: a table that is still being read cannot be altered. */
export async function closeUsers(session: LegacySession): Promise<void> {
  await session.query('close legacy_users');
}

/** All as text: a number in a JSON of ours would lose digits. What goes to the metadata whole is not read here. */
function valueOf(column: LegacyColumn): string {
  const name = `t.${identifier(column.name)}`;
  if (column.use === 'metadata') return 'null::text';
  return column.type.endsWith('[]') && column.use !== 'sealed_metadata'
    ? `array_to_json(${name})::text`
    : `${name}::text`;
}

function metadataOf(columns: readonly LegacyColumn[]): string {
  const pairs = columns
    .filter(({ use }) => use === 'metadata')
    .map(({ name }) => `(${literal(name)}, to_jsonb(t.${identifier(name)}))`);
  if (pairs.length === 0) return `'{}'`;
  return `(select coalesce(jsonb_object_agg(m.k, m.v), '{}')::text from (values ${pairs.join(', ')}) m (k, v) where m.v is not null)`;
}

function userOf(columns: readonly LegacyColumn[], row: Row): LegacyUser {
  const text = (key: string): string | null => (typeof row[key] === 'string' ? row[key] : null);
  return { values: columns.map((_, index) => text(`c${index}`)), metadata: text('metadata') ?? '{}' };
}
