/** Logging in on PGlite, which knows roles but never asks anyone for a password. */
import { RequestError } from './errors.ts';
import type { PgliteConnection } from './pglite-connection.ts';
import { PasswordCache } from './scram.ts';
import type { Login } from './types.ts';

export interface Role {
  superuser: boolean;
  login: boolean;
  verifier: string | null;
  expired: boolean;
  /** `name=value`, in the order in which PostgreSQL applies them */
  settings: string[];
}

const roleQuery = `
  select json_build_object(
    'superuser', r.rolsuper, 'login', r.rolcanlogin, 'verifier', r.rolpassword,
    'expired', coalesce(r.rolvaliduntil < now(), false),
    'settings', coalesce((
      select json_agg(v order by s.setrole <> 0, s.setdatabase <> 0)
      from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) v
      where s.setrole in (0, r.oid) and s.setdatabase in
        (0, (select oid from pg_catalog.pg_database where datname = current_database()))), '[]'))
  from pg_catalog.pg_authid r where r.rolname = $1`;

const passwords = new PasswordCache();

/**
 * The role of a connection string. A role without a password is open to any.
 * @throws RequestError 400 with the code a server refuses with: 28P01 or 28000
 */
export async function logIn(db: PgliteConnection, { user, password }: Login): Promise<Role> {
  const text = await db.value(roleQuery, [user]);
  const role = text === null ? null : (JSON.parse(text) as Role);
  if (role === null || role.expired || !passes(role, user, password)) {
    throw refused('28P01', `password authentication failed for user "${user}"`);
  }
  if (!role.login) throw refused('28000', `role "${user}" is not permitted to log in`);
  return role;
}

function passes({ verifier }: Role, user: string, password: string | null): boolean {
  if (verifier === null) return true;
  return password !== null && passwords.check(password, user, verifier);
}

function refused(code: string, message: string): RequestError {
  return new RequestError(400, code, message);
}
