import { expect, inject, it } from 'vitest';
import { connectOwner } from '../support/owner.ts';

/** Every right that any role but the owner has: tables, columns and functions. Read by people when it changes. */
const rights = `
  with acl as (
    select 'table ' || c.relname as object, a.grantee, a.privilege_type, null::name as col
      from pg_class c, aclexplode(c.relacl) a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and a.grantee <> c.relowner
    union all
    select 'table ' || c.relname, a.grantee, a.privilege_type, t.attname
      from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
     where c.relnamespace = 'public'::regnamespace
    union all
    select 'function ' || p.oid::regprocedure, a.grantee, a.privilege_type, null
      from pg_proc p, aclexplode(p.proacl) a
     where p.pronamespace in ('public'::regnamespace, 'gatehouse'::regnamespace) and a.grantee <> p.proowner
  )
  select object || ': ' || case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee)::text end || ' may '
    || lower(privilege_type) || coalesce(' (' || string_agg(col, ', ' order by col) || ')', '') as "right"
    from acl group by object, grantee, privilege_type, (col is null)
   order by 1`;

it('nobody has a right that is not in the list', async () => {
  const owner = connectOwner(inject('worker') as never);
  const rows = await owner.query<{ right: string }>(rights);
  await expect(`${rows.map(({ right }) => right).join('\n')}\n`).toMatchFileSnapshot('privileges.txt');
});
