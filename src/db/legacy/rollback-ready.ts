/** Whether a schema can be rolled back, and the locks for it. */
import { type LegacyRun, readRun } from './catalogue.ts';
import { LegacyError } from './errors.ts';
import { newUsers } from './rollback-people.ts';
import type { LegacyTable } from './rollback-table.ts';
import { type LegacySession, lockTables } from './session.ts';

/** The run in force, with its table. @throws LegacyError `legacy.not_normalized` */
export async function requireRun(session: LegacySession, schema: string): Promise<LegacyRun> {
  const found = await readRun(session, schema);
  if (found === null) {
    const [last] = await session.query(
      'select state from public.legacy_runs where schema_name = $1 order by created_at desc limit 1',
      [schema],
    );
    const state = last === undefined ? 'was never normalised' : `is ${String(last['state']).replace('_', ' ')} already`;
    throw new LegacyError('legacy.not_normalized', `The schema "${schema}" ${state}.`);
  }
  const [old] = await session.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = 'users_old' and c.relkind in ('r', 'p')`,
    [schema],
  );
  if (old) return found;
  throw new LegacyError(
    'legacy.not_normalized',
    `"${schema}" has no table users_old any more: there is nothing to go back to. Restore it from a backup first.`,
  );
}

/** Locks all that will be altered, before anything is written. @throws LegacyError `legacy.locked` */
export async function lockAll(
  session: LegacySession,
  { schema, catalogue }: LegacyRun,
  lockTimeout: number,
): Promise<void> {
  const tables = [];
  for (const { schema: at, table } of catalogue.foreignKeys) {
    const [is] = await session.query('select to_regclass(format($$%I.%I$$, $1::text, $2::text)) is not null as there', [
      at,
      table,
    ]);
    if (is?.['there'] === true) tables.push({ schema: at, name: table });
  }
  const ours = ['users', 'user_integrations', 'oauth_connections'].map((name) => ({ schema: 'public', name }));
  await lockTables(session, [{ schema, name: 'users_old' }, ...ours, ...tables], lockTimeout);
}

/** New users need a value in every column that refuses null. @throws LegacyError `legacy.refused` naming the columns */
export async function requireAddable(session: LegacySession, table: LegacyTable): Promise<void> {
  const required = table.columns.filter(({ isRequired, hasDefault }) => isRequired && !hasDefault);
  const unknown = required.filter(({ use }) => use === 'metadata' || use === 'sealed_metadata');
  const needsEmail = required.some(({ use, field }) => use === 'profile' && field === 'email');
  if (unknown.length === 0 && !needsEmail) return;
  const condition = unknown.length === 0 ? ' and u.email is null' : '';
  const [row] = await session.query(
    `select count(*)::int as count, (array_agg(id))[1:5] as ids from (${newUsers(table)}${condition}) new`,
  );
  if (Number(row?.['count'] ?? 0) === 0) return;
  const names = unknown.length === 0 ? 'email' : unknown.map(({ name }) => name).join(', ');
  const ids = Array.isArray(row?.['ids']) ? row['ids'].join(', ') : '';
  throw new LegacyError(
    'legacy.refused',
    `${String(row?.['count'])} users came since and lack what users_old requires (${names}): ${ids}. Give the column a default, ` +
      `or let it be null: alter table "${table.run.schema}".users_old alter column … drop not null. Then run it again.`,
  );
}
