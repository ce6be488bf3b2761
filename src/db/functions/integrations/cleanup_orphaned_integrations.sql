-- Requirement 1: deletes integrations that hold nothing; dry unless told otherwise. Answers {dry_run, orphaned,
-- deleted, has_more, integration_ids (the first hundred)}; call it again while there are more.
create or replace function public.cleanup_orphaned_integrations(
  dry_run boolean default true, max_rows integer default 1000
) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.cleanup_integrations(
    coalesce(dry_run, true), least(greatest(coalesce(max_rows, 1000), 1), 10000));
end $$;
--> statement-breakpoint
comment on function public.cleanup_orphaned_integrations(boolean, integer) is 'Deletes integrations that hold nothing.';
--> statement-breakpoint
revoke all on function public.cleanup_orphaned_integrations(boolean, integer) from public;
--> statement-breakpoint
grant execute on function public.cleanup_orphaned_integrations(boolean, integer) to gatehouse_admin, gatehouse_sql;
