import { beforeAll, describe, expect, inject, it } from 'vitest';
import { connectOwner, type Owner } from '../support/owner.ts';

let owner: Owner;
beforeAll(() => void (owner = connectOwner(inject('worker') as never)));

const names = async (query: string) => (await owner.query<{ name: string }>(query)).map(({ name }) => name);

describe('every function of ours', () => {
  const ours =
    "p.pronamespace in ('gatehouse'::regnamespace, 'public'::regnamespace) and p.proowner = (select relowner from pg_class where oid = 'users'::regclass)";

  it('that runs as its owner pins an empty search_path', async () => {
    const loose = await names(`select p.proname as name from pg_proc p where ${ours} and p.prosecdef
      and not coalesce(p.proconfig, '{}') @> '{"search_path=\\"\\""}'`);
    expect(loose).toEqual([]);
  });

  it('is closed to PUBLIC', async () => {
    const open = await names(`select p.proname as name from pg_proc p where ${ours}
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)`);
    expect(open).toEqual([]);
  });

  it('has a comment', async () => {
    expect(
      await names(
        `select p.proname as name from pg_proc p where ${ours} and obj_description(p.oid, 'pg_proc') is null`,
      ),
    ).toEqual([]);
  });

  it('of the gate is plpgsql, which keeps its plan, where it runs as its owner', async () => {
    expect(
      await names(`select p.proname as name from pg_proc p join pg_language l on l.oid = p.prolang
      where ${ours} and p.prosecdef and l.lanname <> 'plpgsql'`),
    ).toEqual([]);
  });
});

describe('every table', () => {
  const tables = "c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')";

  it('has row level security, and a policy unless only its owner has any right to it', async () => {
    const open = await names(`select c.relname as name from pg_class c where ${tables}
      and (not c.relrowsecurity or not exists (select from pg_policy p where p.polrelid = c.oid)
        and (exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner)
          or exists (select from pg_attribute t where t.attrelid = c.oid and t.attacl is not null)))`);
    expect(open).toEqual([]);
  });

  it('keeps its times with their zone', async () => {
    expect(
      await names(`select table_name || '.' || column_name as name from information_schema.columns
      where table_schema = 'public' and data_type = 'timestamp without time zone'`),
    ).toEqual([]);
  });

  it('says what happens to its foreign keys, and has an index for each', async () => {
    const bare = await names(`select conrelid::regclass || '.' || conname as name from pg_constraint k
      where contype = 'f' and connamespace = 'public'::regnamespace and (confdeltype = 'a'
        or not exists (select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
          and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey))`);
    expect(bare).toEqual([]);
  });

  it('refers to a row that has an owner by owner and id, so that nobody attaches a stranger’s row', async () => {
    const single = await names(`select conrelid::regclass || '.' || conname as name from pg_constraint k
      where contype = 'f' and connamespace = 'public'::regnamespace and cardinality(conkey) = 1
        and confrelid not in ('users'::regclass, 'organizations'::regclass)
        and exists (select from pg_attribute a where a.attrelid = k.confrelid and a.attname in ('user_id', 'organization_id'))`);
    expect(single).toEqual([]);
  });

  it('is never asked about the actor by a policy, only about the subject', async () => {
    expect(
      await names(`select polname as name from pg_policy
      where coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') ~ 'actor_'`),
    ).toEqual([]);
  });

  it('has a policy of a member only where it compares with the subject, but for the catalogue of services', async () => {
    const loose = await names(`select polname as name from pg_policy p
      where 'gatehouse_member'::regrole = any (polroles) and polrelid <> 'services'::regclass
        and coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '')
          !~ 'gatehouse\\.(uid|organization_id)\\(\\)'`);
    expect(loose).toEqual([]);
  });
});

describe('the database', () => {
  it('lets PUBLIC neither make temporary tables nor anything in public', async () => {
    const [row] = await owner.query(`select has_database_privilege('gatehouse_app', current_database(), 'TEMP') as temp,
      has_schema_privilege('gatehouse_app', 'public', 'CREATE') as "create",
      has_schema_privilege('gatehouse_app', 'gatehouse', 'CREATE') as "createGate"`);
    expect(row).toEqual({ temp: false, create: false, createGate: false });
  });

  it('has no view that runs as its owner', async () => {
    expect(
      await names(`select c.relname as name from pg_class c where c.relkind = 'v' and c.relnamespace in
      ('public'::regnamespace, 'gatehouse'::regnamespace) and not coalesce(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}'`),
    ).toEqual([]);
  });

  it('has logins that own nothing, inherit nothing and may do nothing special', async () => {
    const strong =
      await names(`select rolname as name from pg_roles where rolname in ('gatehouse_app', 'gatehouse_service')
      and (rolsuper or rolinherit or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)`);
    expect(strong).toEqual([]);
  });

  it('makes each login a member of its own roles alone', async () => {
    const members =
      await owner.query(`select m.rolname as login, array_agg(r.rolname order by r.rolname)::text[] as roles from pg_auth_members a
      join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
      where m.rolname in ('gatehouse_app', 'gatehouse_service') group by 1 order by 1`);
    expect(members).toEqual([
      { login: 'gatehouse_app', roles: ['gatehouse_member'] },
      { login: 'gatehouse_service', roles: ['gatehouse_admin', 'gatehouse_system'] },
    ]);
  });
});
