-- For /health, without a caller: the newest migration, and whatever makes the asking login too strong.
-- Definer, since no login may read the journal; session_user is still the login.
create or replace function gatehouse.health() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return jsonb_build_object(
    'migration', (select m.name from gatehouse.migrations m order by m.name desc limit 1),
    'problems', (select coalesce(jsonb_agg(p.problem), '[]'::jsonb)
      from pg_catalog.pg_roles r
      cross join lateral (values
        ('superuser', r.rolsuper), ('bypasses row level security', r.rolbypassrls), ('creates roles', r.rolcreaterole),
        ('inherits', r.rolinherit),
        ('owns tables', exists (select from pg_catalog.pg_class c
          where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace)),
        ('has table rights', exists (select from information_schema.role_table_grants g
          where g.grantee = r.rolname and g.table_schema = 'public'))
      ) p (problem, holds)
      where r.rolname = session_user and p.holds));
end $$;
--> statement-breakpoint
comment on function gatehouse.health() is 'The newest migration, and what makes the asking login too strong.';
--> statement-breakpoint
revoke all on function gatehouse.health() from public;
--> statement-breakpoint
grant execute on function gatehouse.health() to gatehouse_app, gatehouse_service;
