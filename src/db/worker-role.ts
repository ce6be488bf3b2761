/**
 * Whether the role that the Worker connects as is as weak as it must be. This file imports nothing, so that `/health`
 * can use it inside the Worker; `checkMigrations` uses it from outside.
 */

/** What the query finds out about a role. */
export interface RoleFacts {
  readonly role: string;
  readonly database: string;
  /** SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB, REPLICATION. */
  readonly attributes: readonly string[];
  readonly inherits: boolean;
  /** Every role it can become, directly or through another. */
  readonly reaches: readonly string[];
  /** `role attribute` of those. */
  readonly reached_attributes: readonly string[];
  /** Memberships whose rights it has without asking, or may hand on. */
  readonly strong_memberships: readonly string[];
  /** Objects it owns, at most five. */
  readonly owns: readonly string[];
  /** Tables and views it can touch without entering the gate, at most five. */
  readonly tables: readonly string[];
  /** Schemas it may create in, at most five; and `TEMP`. */
  readonly creates: readonly string[];
  /** Whether it can reach the gate's schema at all. */
  readonly uses_gatehouse: boolean;
}

/** The group roles that each of the Worker's logins may become. */
export const WORKER_MEMBERSHIPS = {
  app: ['gatehouse_member'],
  service: ['gatehouse_admin', 'gatehouse_system'],
} as const;

/**
 * One row, one column `facts` (JSON text). `$1` is the name of the role, or null for the one connected. No row: there is
 * no such role. Readable by every role; about one millisecond for a hundred tables.
 */
export const workerRoleQuery = `with recursive me as (
    select r.* from pg_catalog.pg_roles r where r.rolname = coalesce($1::text, session_user)
  ), reached (oid) as (
    select m.roleid from pg_catalog.pg_auth_members m join me on m.member = me.oid
    union select m.roleid from pg_catalog.pg_auth_members m join reached on m.member = reached.oid
  ), attributes as (
    select r.oid, r.rolname, a.name from pg_catalog.pg_roles r cross join lateral (values
      ('SUPERUSER', r.rolsuper), ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole),
      ('CREATEDB', r.rolcreatedb), ('REPLICATION', r.rolreplication)) a (name, has)
    where a.has and (r.oid in (select oid from reached) or r.oid in (select oid from me))
  ), relations as (
    select format('%I.%I', n.nspname, c.relname) as name, c.oid, c.relowner
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  )
  select json_build_object(
    'role', me.rolname,
    'database', current_database(),
    'attributes', array(select a.name from attributes a where a.oid = me.oid),
    'inherits', me.rolinherit,
    'reaches', array(select r.rolname from pg_catalog.pg_roles r where r.oid in (select oid from reached) order by 1),
    'reached_attributes', array(select format('%s %s', a.rolname, a.name) from attributes a where a.oid <> me.oid),
    'strong_memberships', array(select g.rolname from pg_catalog.pg_auth_members m
      join pg_catalog.pg_roles g on g.oid = m.roleid where m.member = me.oid
      and (m.admin_option or to_jsonb(m) ->> 'inherit_option' = 'true')),
    'owns', array(
      (select format('database %I', d.datname) from pg_catalog.pg_database d
        where d.datdba = me.oid and d.datname = current_database())
      union all (select format('schema %I', n.nspname) from pg_catalog.pg_namespace n where n.nspowner = me.oid limit 5)
      union all (select name from relations where relowner = me.oid limit 5)
      union all (select format('function %s', p.oid::regprocedure) from pg_catalog.pg_proc p where p.proowner = me.oid limit 5)
      limit 5),
    'tables', array(select name from relations c
      where has_any_column_privilege(me.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
        or has_table_privilege(me.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER') order by 1 limit 5),
    'creates', array(
      select 'TEMP' where has_database_privilege(me.oid, current_database(), 'TEMP')
      union all (select format('schema %I', n.nspname) from pg_catalog.pg_namespace n
        where n.nspname !~ '^pg_' and has_schema_privilege(me.oid, n.oid, 'CREATE') limit 5)),
    'uses_gatehouse', coalesce(has_schema_privilege(me.oid, to_regnamespace('gatehouse'), 'USAGE'), false)
  )::text as facts from me`;

/** The same for the role that is connected, without a parameter. */
export const connectedRoleQuery = workerRoleQuery.replace('$1::text', 'null::text');

/** The facts in the first row of `workerRoleQuery`, or null where there is none. */
export function readRoleFacts(rows: readonly unknown[]): RoleFacts | null {
  const row = rows[0];
  if (typeof row !== 'object' || row === null || !('facts' in row)) return null;
  const { facts } = row;
  return (typeof facts === 'string' ? JSON.parse(facts) : facts) as RoleFacts;
}

/** What is wrong with the role, one sentence each; empty if nothing is. `allowed`: see `WORKER_MEMBERSHIPS`. */
export function roleProblems(facts: RoleFacts, allowed: readonly string[]): string[] {
  const { role } = facts;
  const problems: string[] = [];
  const say = (list: readonly string[], sentence: (text: string) => string): void => {
    if (list.length > 0) problems.push(sentence(list.join(', ')));
  };
  say(facts.attributes, (list) => `${role} has ${list}.`);
  say(facts.owns, (list) => `${role} owns ${list}: the owner's rights are not held back by row level security.`);
  if (facts.inherits) problems.push(`${role} is INHERIT: it has its groups' rights without entering the gate.`);
  say(
    facts.reaches.filter((name) => !allowed.includes(name)),
    (list) => `${role} can become ${list}.`,
  );
  say(facts.reached_attributes, (list) => `${role} can become a role that is too strong: ${list}.`);
  say(facts.strong_memberships, (list) => `${role} inherits, or may hand on, its membership of ${list}.`);
  say(facts.tables, (list) => `${role} can touch tables without entering the gate: ${list}.`);
  say(facts.creates, (list) => `${role} may create objects: ${list}.`);
  say(
    allowed.filter((name) => !facts.reaches.includes(name)),
    (list) => `${role} is not a member of ${list}; run migrate:init.`,
  );
  if (!facts.uses_gatehouse) problems.push(`${role} may not use schema gatehouse; run migrate:init.`);
  return problems;
}
