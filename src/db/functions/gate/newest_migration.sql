-- The newest migration, for /health, without a caller. Definer, since no login may read the journal.
create or replace function gatehouse.newest_migration() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select m.name from gatehouse.migrations m order by m.name desc limit 1);
end $$;
--> statement-breakpoint
comment on function gatehouse.newest_migration() is 'The name of the newest migration that was applied.';
--> statement-breakpoint
revoke all on function gatehouse.newest_migration() from public;
--> statement-breakpoint
grant execute on function gatehouse.newest_migration() to gatehouse_app, gatehouse_service;
