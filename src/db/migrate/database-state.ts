import type { MigrationConnection, Row } from './connection.ts';
import type { ClusterState, RoleState } from './roles.ts';

/** What `initialize` finds: the cluster's roles, and what of the database is still to be prepared. */
export interface DatabaseState {
  readonly cluster: ClusterState;
  readonly database: string;
  readonly schemaOwner: string | null;
  readonly publicSchema: boolean;
  readonly publicMayConnect: boolean;
  readonly publicMayTemp: boolean;
  readonly publicMayCreate: boolean;
  /** Whether functions the owner makes are executable by PUBLIC. */
  readonly functionsOpen: boolean;
}

const STATE = `select current_setting('server_version_num') as version, current_user::text as owner,
    current_database()::text as database,
    coalesce(current_setting('neon.timeline_id', true), '') <> '' as neon,
    (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create_roles,
    (select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'gatehouse') as schema_owner,
    to_regnamespace('public') is not null as public_schema,
    has_database_privilege('public', current_database(), 'CONNECT') as public_may_connect,
    has_database_privilege('public', current_database(), 'TEMP') as public_may_temp,
    coalesce(has_schema_privilege('public', to_regnamespace('public'), 'CREATE'), false) as public_may_create,
    not exists (select from pg_default_acl d where d.defaclrole = (select oid from pg_roles where rolname = current_user) and d.defaclnamespace = 0
      and d.defaclobjtype = 'f' and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0))
      as functions_open`;

const ROLES = `select r.rolname::text as name, r.rolcanlogin as can_login, r.rolinherit as inherits,
    concat_ws('|', case when r.rolsuper then 'a superuser' end, case when r.rolbypassrls then 'BYPASSRLS' end,
      case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
      case when r.rolreplication then 'REPLICATION' end) as powers,
    (select coalesce(string_agg(g.rolname, '|'), '') from pg_auth_members m join pg_roles g on g.oid = m.roleid
      where m.member = r.oid) as member_of,
    coalesce(array_to_string(r.rolconfig, '|'), '') as settings,
    (select o.rolsuper or (o.rolcreaterole and not r.rolsuper and (current_setting('server_version_num')::int < 160000
        or pg_has_role(o.oid, r.oid, 'MEMBER WITH ADMIN OPTION')))
      from pg_roles o where o.rolname = current_user) as may_alter
  from pg_roles r where r.rolname = any (string_to_array($1, '|'))`;

/** Reads the state, with those of the named roles that exist. Changes nothing. */
export async function readState(connection: MigrationConnection, roleNames: readonly string[]): Promise<DatabaseState> {
  const [facts, roles] = await connection.batch([{ query: STATE }, { query: ROLES, params: [roleNames.join('|')] }]);
  const row = facts?.[0] ?? {};
  return {
    cluster: {
      version: Number(row['version']),
      owner: String(row['owner']),
      mayCreateRoles: row['may_create_roles'] === true,
      plainPasswords: row['neon'] === true,
      roles: new Map((roles ?? []).map((role) => [String(role['name']), roleState(role)])),
    },
    database: String(row['database']),
    schemaOwner: typeof row['schema_owner'] === 'string' ? row['schema_owner'] : null,
    publicSchema: row['public_schema'] === true,
    publicMayConnect: row['public_may_connect'] === true,
    publicMayTemp: row['public_may_temp'] === true,
    publicMayCreate: row['public_may_create'] === true,
    functionsOpen: row['functions_open'] === true,
  };
}

function roleState(row: Row): RoleState {
  const list = (key: string): string[] =>
    String(row[key] ?? '')
      .split('|')
      .filter((item) => item !== '');
  return {
    name: String(row['name']),
    canLogin: row['can_login'] === true,
    inherits: row['inherits'] === true,
    powers: list('powers'),
    memberOf: list('member_of'),
    mayAlter: row['may_alter'] === true,
    settings: list('settings'),
  };
}
