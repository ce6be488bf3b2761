/** What else hangs on the legacy table and stays with it when it is renamed. */
import { type Finding, refusal, warning } from './report.ts';
import type { LegacySession } from './session.ts';
import type { LegacySource } from './source.ts';

// Views and rules, functions with parsed bodies, policies and triggers of other tables: they know the table by its oid.
const DEPENDENTS = `select distinct pg_describe_object(d.classid, d.objid, 0) as what
  from pg_depend d
  left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
  left join pg_policy p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
 where ((d.refclassid = 'pg_class'::regclass and d.refobjid = $1::oid)
     or (d.refclassid = 'pg_type'::regclass and d.refobjid in (select t.oid from pg_type t
           where t.typrelid = $1::oid or t.typelem = (select e.oid from pg_type e where e.typrelid = $1::oid))))
   and d.deptype in ('n', 'a')
   and ((d.classid = 'pg_rewrite'::regclass and w.ev_class <> $1::oid)
     or d.classid = 'pg_proc'::regclass
     or (d.classid = 'pg_policy'::regclass and p.polrelid <> $1::oid)
     or (d.classid = 'pg_class'::regclass and d.refclassid = 'pg_type'::regclass and d.objid <> $1::oid))
 order by 1`;

const TRIGGERS = `select t.tgname::text as what from pg_trigger t where t.tgrelid = $1::oid and not t.tgisinternal order by 1`;
const POLICIES = `select p.polname::text as what from pg_policy p where p.polrelid = $1::oid order by 1`;
const OUTGOING = `select c.conname::text as what from pg_constraint c
  where c.conrelid = $1::oid and c.contype = 'f' and c.conparentid = 0 order by 1`;
const CHILDREN = `select c.relname::text as what from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::oid and not c.relispartition order by 1`;
const GRANTS = `select a.grantee::regrole::text || ': ' || string_agg(distinct lower(a.privilege_type), ', ') as what
  from pg_class c, lateral (select * from aclexplode(c.relacl) union all
    select x.* from pg_attribute t, lateral aclexplode(t.attacl) x where t.attrelid = c.oid and t.attacl is not null) a
 where c.oid = $1::oid and a.grantee <> c.relowner and a.grantee <> 0 group by a.grantee order by 1`;
// A body that is text is parsed when it runs: only its words can be looked at.
const BODIES = `select p.oid::regprocedure::text as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname not in ('pg_catalog', 'information_schema', 'gatehouse', 'public') and p.prosrc ~* '\\musers\\M'
   and p.prosrc ~* $1 and n.nspname !~ '^pg_' order by 1 limit 100`;

/** Finds them. Views and the like are refused unless `dependents` is `keep`: they would go on reading the old table. */
export async function findDependents(
  session: LegacySession,
  source: LegacySource,
  dependents: 'refuse' | 'keep',
): Promise<Finding[]> {
  const ask = async (query: string, value: string = source.oid): Promise<string[]> =>
    (await session.query(query, [value])).map((row) => String(row['what']));
  const gone = source.columns.filter(({ use }) => use !== 'profile').map(({ name }) => name);
  const words = gone.filter((name) => /^\w+$/.test(name)).join('|');
  const say = (code: string, message: string, about: readonly string[]): Finding[] =>
    about.length === 0 ? [] : [warning(code, message, about)];
  const hanging = await ask(DEPENDENTS);
  const hangs = 'These know the table itself and would go on reading the old one, where nothing changes any more.';
  const advice = 'Drop them and make them anew afterwards, or keep them as they are (dependents: keep).';
  const children = await ask(CHILDREN);
  return [
    ...(hanging.length === 0 || dependents === 'keep'
      ? say('dependents.kept', hangs, hanging)
      : [refusal('dependents.found', `${hangs} ${advice}`, hanging)]),
    ...(children.length === 0
      ? []
      : [refusal('table.inherited', 'Tables inherit from it; foreign keys do not see their rows.', children)]),
    ...say('triggers.kept', 'Triggers stay on users_old, where nothing fires them any more.', await ask(TRIGGERS)),
    ...say('policies.kept', 'Policies stay on users_old. Who reads the views is subject to ours.', await ask(POLICIES)),
    ...say(
      'foreign_keys.outgoing',
      'Foreign keys of the users table itself stay on users_old: deletions at their other end still reach it.',
      await ask(OUTGOING),
    ),
    ...say(
      'grants.kept',
      'These roles had rights on the table, which stay on users_old. For the views make them members of gatehouse_sql.',
      await ask(GRANTS),
    ),
    ...(words === ''
      ? []
      : say(
          'functions.suspect',
          'These functions name users and a column that moves: see whether they have to change.',
          await ask(BODIES, `\\m(${words})\\M`),
        )),
  ];
}
