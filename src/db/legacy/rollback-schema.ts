/** Puts the schema itself back: views and functions go, the table gets its name and its foreign keys. */
import { databaseRefusal, describeRefusal } from '../migrate/errors.ts';
import { identifier, literal } from '../migrate/quote.ts';
import type { LegacyRun } from './catalogue.ts';
import { LegacyError } from './errors.ts';
import { dropForeignKey, tableOf } from './foreign-keys.ts';
import type { Progress } from './report.ts';
import { type LegacySession, qualified } from './session.ts';

/**
 * Takes off what the run put there. What somebody built on the views since stands in the way, and is named.
 * @throws LegacyError `legacy.refused`
 */
export async function dropNewSchema(session: LegacySession, { schema, catalogue }: LegacyRun): Promise<void> {
  for (const signature of catalogue.functions) {
    const at = signature.indexOf('(');
    const name = qualified({ schema, name: signature.slice(0, at) });
    await refuseDependents(session, `drop function if exists ${name}${signature.slice(at)}`);
  }
  for (const name of catalogue.views.toReversed()) {
    await refuseDependents(session, `drop view if exists ${qualified({ schema, name })}`);
  }
  for (const key of catalogue.foreignKeys) {
    const [there] = await session.query('select from pg_constraint where conname = $1 and conrelid = to_regclass($2)', [
      key.name,
      tableOf(key),
    ]);
    if (there) await dropForeignKey(session, { ...key, tail: '', isValid: key.isValid, isOurs: true });
  }
  for (const name of catalogue.constraints) {
    await refuseDependents(session, `alter table public.users drop constraint if exists ${identifier(name)}`);
  }
  for (const column of catalogue.granted) {
    await session.query(
      `revoke select (${identifier(column)}) on ${qualified({ schema, name: 'users_old' })} from gatehouse_sql`,
    );
  }
  if (catalogue.usageGranted) await session.query(`revoke usage on schema ${identifier(schema)} from gatehouse_sql`);
}

/**
 * Gives the table its name and everything of it its foreign keys, each as it was written down, and what an earlier
 * attempt had made its names.
 * @throws LegacyError `legacy.refused` when rows written since do not satisfy a key
 */
export async function restoreSchema(
  session: LegacySession,
  { schema, catalogue }: LegacyRun,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const { source, asides, foreignKeys } = catalogue;
  const old = qualified({ schema, name: 'users_old' });
  if (source.name !== 'users_old') await session.query(`alter table ${old} rename to ${identifier(source.name)}`);
  for (const { kind, name, renamedTo, arguments: types } of asides) {
    const at = qualified({ schema, name: renamedTo });
    const what = kind === 'table' ? `table ${at}` : `routine ${at}(${types ?? ''})`;
    await session.query(`alter ${what} rename to ${identifier(name)}`);
  }
  for (const [index, key] of foreignKeys.entries()) {
    const [is] = await session.query('select to_regclass($1) is not null as there', [tableOf(key)]);
    if (is?.['there'] === true) await addKey(session, key);
    onProgress({ step: 'foreign_keys', done: index + 1, total: foreignKeys.length });
  }
}

async function addKey(session: LegacySession, key: LegacyRun['catalogue']['foreignKeys'][number]): Promise<void> {
  const table = tableOf(key);
  try {
    await session.query(`alter table ${table} add constraint ${identifier(key.name)} ${key.definition}`);
  } catch (error) {
    const refusal = databaseRefusal(error);
    if (refusal?.sqlstate !== '23503') throw error;
    throw new LegacyError(
      'legacy.refused',
      `${key.schema}.${key.table} has rows that ${key.name}, as it was, does not allow. Correct them first. ${refusal.message}`,
      { cause: error },
    );
  }
  if (key.comment === null) return;
  await session.query(`comment on constraint ${identifier(key.name)} on ${table} is ${literal(key.comment)}`);
}

/** Runs a DROP without CASCADE: what depends on the thing is a person's to drop. */
export async function refuseDependents(session: LegacySession, statement: string): Promise<void> {
  try {
    await session.query(statement);
  } catch (error) {
    const refusal = databaseRefusal(error);
    if (refusal?.sqlstate !== '2BP01') throw error;
    throw new LegacyError(
      'legacy.refused',
      `Something was built on it since: drop that first. ${describeRefusal(refusal)}`,
      { cause: error },
    );
  }
}
