import type { Statement } from './connection.ts';
import { MigrationError } from './errors.ts';
import { identifier, literal } from './quote.ts';
import { scramVerifier } from './scram.ts';

/** The group roles; a login becomes one of them inside a transaction. `gatehouse_sql` is for SQL clients. */
export const GROUP_ROLES = ['gatehouse_member', 'gatehouse_admin', 'gatehouse_system', 'gatehouse_sql'] as const;

/** A login of the Worker. */
export interface Login {
  /** The setting it comes from, for messages. */
  readonly setting: string;
  readonly name: string;
  readonly password: string;
  /** The group roles it may become. */
  readonly memberOf: readonly (typeof GROUP_ROLES)[number][];
}

/** A role as the cluster has it. */
export interface RoleState {
  readonly name: string;
  readonly canLogin: boolean;
  readonly inherits: boolean;
  /** Attributes that a role of ours must not have. */
  readonly powers: readonly string[];
  readonly memberOf: readonly string[];
  /** Whether the migrating role may alter this one. */
  readonly mayAlter: boolean;
  /** `name=value` */
  readonly settings: readonly string[];
}

/** What `planRoles` needs to know of the cluster. */
export interface ClusterState {
  readonly version: number;
  readonly owner: string;
  readonly mayCreateRoles: boolean;
  /** Neon's control plane hears of roles when the transaction commits, and refuses a password that is hashed already. */
  readonly plainPasswords: boolean;
  readonly roles: ReadonlyMap<string, RoleState>;
}

/** Statements to run, what they do in words, and what could not be done. */
export interface RolePlan {
  readonly statements: Statement[];
  readonly created: string[];
  readonly notes: string[];
}

/**
 * What is missing of the roles. Roles belong to the cluster: another database may have created them before.
 * @throws MigrationError `role.unusable` where a role cannot be made safe.
 */
export function planRoles(cluster: ClusterState, logins: readonly Login[], statementTimeout: number): RolePlan {
  const plan: RolePlan = { statements: [], created: [], notes: [] };
  for (const name of GROUP_ROLES) planGroup(plan, cluster, name);
  for (const login of logins) {
    planLogin(plan, cluster, login);
    planSettings(plan, cluster, { login, statementTimeout });
    for (const group of login.memberOf) planMembership(plan, cluster, { login, group });
  }
  return plan;
}

function planGroup(plan: RolePlan, cluster: ClusterState, name: string): void {
  const role = cluster.roles.get(name);
  if (role === undefined) {
    requireCreateRole(cluster, name);
    plan.statements.push({ query: `create role ${identifier(name)} nologin` });
    plan.created.push(name);
  } else if (role.powers.length > 0 || role.memberOf.length > 0) {
    throw new MigrationError(
      'role.unusable',
      `Role ${name} exists and is ${strengths(role).join(', ')}. Take that from it, then run init again.`,
    );
  }
}

function planLogin(plan: RolePlan, cluster: ClusterState, login: Login): void {
  const role = cluster.roles.get(login.name);
  if (login.name === cluster.owner) {
    throw new MigrationError(
      'role.unusable',
      `${login.setting} names ${login.name}, the role that migrates. The Worker needs a login of its own.`,
    );
  }
  if (role === undefined) {
    requireCreateRole(cluster, login.name);
    plan.statements.push(...setLogin('create', cluster, login));
    plan.created.push(login.name);
    return;
  }
  const extra = role.memberOf.filter((group) => !login.memberOf.some((allowed) => allowed === group));
  if (role.powers.length > 0 || extra.length > 0) {
    throw new MigrationError(
      'role.unusable',
      `${login.setting} names ${login.name}, which is ${strengths({ ...role, memberOf: extra }).join(', ')}. Name a role that does not exist yet; init creates it.`,
    );
  }
  if (role.mayAlter) plan.statements.push(...setLogin('alter', cluster, login));
  else if (!role.canLogin || role.inherits) {
    throw new MigrationError(
      'role.unusable',
      `Role ${login.name} must be LOGIN NOINHERIT, and ${cluster.owner} may not alter it.`,
    );
  } else plan.notes.push(`The password of ${login.name} was left as it is: ${cluster.owner} may not alter that role.`);
}

function setLogin(verb: 'create' | 'alter', cluster: ClusterState, { name, password }: Login): Statement[] {
  if (!cluster.plainPasswords) {
    return [{ query: `${verb} role ${identifier(name)} login noinherit password ${literal(scramVerifier(password))}` }];
  }
  // The password travels as a parameter and is quoted inside the server: still in no statement's text.
  return [
    {
      query: `select set_config('gatehouse.login_verb', $1, true), set_config('gatehouse.login_name', $2, true),
        set_config('gatehouse.login_password', $3, true)`,
      params: [verb, name, password],
    },
    {
      query: `do $login$ begin
        execute format('%s role %I login noinherit password %L', current_setting('gatehouse.login_verb'),
          current_setting('gatehouse.login_name'), current_setting('gatehouse.login_password'));
        perform set_config('gatehouse.login_password', '', true);
      end $login$`,
    },
  ];
}

function planSettings(plan: RolePlan, cluster: ClusterState, want: { login: Login; statementTimeout: number }): void {
  const role = cluster.roles.get(want.login.name);
  const value = `${want.statementTimeout}ms`;
  if (role !== undefined && (!role.mayAlter || role.settings.includes(`statement_timeout=${value}`))) return;
  plan.statements.push({
    query: `alter role ${identifier(want.login.name)} set statement_timeout = ${literal(value)}`,
  });
}

function planMembership(plan: RolePlan, cluster: ClusterState, want: { login: Login; group: string }): void {
  const { login, group } = want;
  if (cluster.roles.get(login.name)?.memberOf.includes(group) === true) return;
  const existing = cluster.roles.get(group);
  if (existing !== undefined && !existing.mayAlter) {
    throw new MigrationError(
      'role.unusable',
      `${cluster.owner} may not grant ${group} to ${login.name}. Run init once as the role that created ${group}, or as a superuser.`,
    );
  }
  // From 16 on a membership says by itself whether it is inherited; before, the login's NOINHERIT says it.
  const options = cluster.version >= 160_000 ? ' with inherit false, set true' : '';
  plan.statements.push({ query: `grant ${identifier(group)} to ${identifier(login.name)}${options}` });
}

function requireCreateRole(cluster: ClusterState, name: string): void {
  if (cluster.mayCreateRoles) return;
  throw new MigrationError(
    'role.unusable',
    `Role ${name} does not exist and ${cluster.owner} may not create roles. Give ${cluster.owner} CREATEROLE, or create the roles as a superuser.`,
  );
}

function strengths(role: Pick<RoleState, 'powers' | 'memberOf'>): string[] {
  return [...role.powers, ...role.memberOf.map((group) => `a member of ${group}`)];
}
