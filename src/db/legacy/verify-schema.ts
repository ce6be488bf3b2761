/** Whether the schema is what the run left: foreign keys to our users, views and functions in place. */
import type { LegacyRun, MovedForeignKey } from './catalogue.ts';
import { type Finding, refusal, warning } from './report.ts';
import { type LegacySession, qualified } from './session.ts';

/** Checks the schema's things against what the run wrote down. */
export async function checkSchema(session: LegacySession, run: LegacyRun): Promise<Finding[]> {
  const missing: string[] = [];
  const elsewhere: string[] = [];
  const loose: string[] = [];
  for (const key of run.catalogue.foreignKeys) {
    const name = `${key.schema}.${key.table}.${key.name}`;
    const state = await stateOf(session, key);
    if (state === null) missing.push(name);
    else if (!state.isOurs) elsewhere.push(name);
    else if (!state.isValid) loose.push(name);
  }
  const known = run.catalogue.foreignKeys.filter(({ isValid }) => !isValid);
  const names = new Set(known.map(({ schema, table, name }) => `${schema}.${table}.${name}`));
  const [orphans, broken] = [loose.filter((name) => names.has(name)), loose.filter((name) => !names.has(name))];
  return [
    refusal('foreign_key.missing', 'These foreign keys are gone.', missing),
    refusal('foreign_key.elsewhere', 'These foreign keys do not refer to public.users.', elsewhere),
    refusal('foreign_key.old', 'These foreign keys refer to users_old.', await keysToOld(session, run)),
    refusal('foreign_key.not_valid', 'These foreign keys are not validated.', broken),
    warning('foreign_key.orphans', 'Rows without a user keep these from being validated.', orphans),
    refusal('schema.incomplete', 'These views or functions are gone.', await missingThings(session, run)),
  ].filter(({ count }) => count > 0);
}

async function stateOf(
  session: LegacySession,
  { schema, table, name }: MovedForeignKey,
): Promise<{ isOurs: boolean; isValid: boolean } | null> {
  const [row] = await session.query(
    `select confrelid = 'public.users'::regclass as is_ours, convalidated as is_valid
       from pg_constraint where contype = 'f' and conname = $1 and conrelid = to_regclass($2)`,
    [name, qualified({ schema, name: table })],
  );
  return row === undefined ? null : { isOurs: row['is_ours'] === true, isValid: row['is_valid'] === true };
}

/** But for those of the table to itself. */
async function keysToOld(session: LegacySession, { schema }: LegacyRun): Promise<string[]> {
  const rows = await session.query(
    `select conrelid::regclass::text || '.' || conname as name from pg_constraint
      where contype = 'f' and confrelid = to_regclass($1) and conrelid <> confrelid order by 1`,
    [qualified({ schema, name: 'users_old' })],
  );
  return rows.map(({ name }) => String(name));
}

async function missingThings(session: LegacySession, { schema, catalogue }: LegacyRun): Promise<string[]> {
  const at = (name: string) => qualified({ schema, name });
  const functions = catalogue.functions.map((signature) => {
    const end = signature.indexOf('(');
    return at(signature.slice(0, end)) + signature.slice(end);
  });
  const rows = await session.query(
    `select v as name from unnest($1::text[]) v where to_regclass(v) is null
      union all select f from unnest($2::text[]) f where to_regprocedure(f) is null`,
    [catalogue.views.map(at), functions],
  );
  return rows.map(({ name }) => String(name));
}
