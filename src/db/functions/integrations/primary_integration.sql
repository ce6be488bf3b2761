-- The account of a service that is meant when none is named: the flagged, else the earliest; active ones alone.
create or replace function gatehouse.primary_integration(p_user_id text, p_service_id text) returns uuid
language plpgsql stable
as $$
begin
  return (select ui.id from public.user_integrations ui
   where ui.user_id = p_user_id and ui.service_id = p_service_id and ui.is_active
   order by (ui.metadata->'primary' = 'true') desc nulls last, ui.created_at, ui.id limit 1);
end $$;
--> statement-breakpoint
comment on function gatehouse.primary_integration(text, text) is 'The account of a service that is meant by default.';
--> statement-breakpoint
revoke all on function gatehouse.primary_integration(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.primary_integration(text, text) to gatehouse_member, gatehouse_sql, gatehouse_system;
