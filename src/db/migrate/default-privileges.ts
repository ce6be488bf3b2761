import type { MigrationConnection, Statement } from './connection.ts';
import { identifier } from './quote.ts';

/** Statements that go around others in a batch. */
export interface Surround {
  readonly before: readonly Statement[];
  readonly after: readonly Statement[];
}

const KINDS: Record<string, string> = { r: 'tables', S: 'sequences', f: 'functions', T: 'types' };

/**
 * What keeps the owner's default privileges off the objects a batch creates, and puts them back behind it.
 * Supabase lets the owner's default privileges grant everything in `public` to anon and authenticated: each table of
 * ours would be open to TRUNCATE, which row level security does not cover, and each definer function callable.
 */
export async function withoutDefaultPrivileges(connection: MigrationConnection): Promise<Surround> {
  const rows = await connection.single({
    query: `select d.defaclobjtype::text as kind, n.nspname::text as schema, r.rolname::text as grantee,
        a.privilege_type as privilege, a.is_grantable as grantable
      from pg_default_acl d
      cross join lateral aclexplode(d.defaclacl) a
      left join pg_namespace n on n.oid = d.defaclnamespace
      left join pg_roles r on r.oid = a.grantee
      where d.defaclrole = (select oid from pg_roles where rolname = current_user)
        and a.grantee <> d.defaclrole
        and (d.defaclnamespace <> 0 or a.grantee <> 0)
        and d.defaclobjtype in ('r', 'S', 'f', 'T')
        and (n.nspname is null or n.nspname in ('public', 'gatehouse'))
      order by 1, 2, 3, 4`,
  });
  const before: Statement[] = [];
  const after: Statement[] = [];
  for (const { kind, schema, grantee, privilege, grantable } of rows) {
    const place = typeof schema === 'string' ? ` in schema ${identifier(schema)}` : '';
    const role = typeof grantee === 'string' ? identifier(grantee) : 'public';
    const what = `${String(privilege)} on ${KINDS[String(kind)] ?? ''}`;
    before.push({ query: `alter default privileges${place} revoke ${what} from ${role}` });
    after.push({
      query: `alter default privileges${place} grant ${what} to ${role}${grantable === true ? ' with grant option' : ''}`,
    });
  }
  return { before, after };
}
