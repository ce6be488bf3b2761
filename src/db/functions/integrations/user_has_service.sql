-- Requirement 1: whether a user has an active integration of a service.
create or replace function public.user_has_service(user_id text, service_id text) returns boolean
language plpgsql stable
as $$
#variable_conflict use_column
begin
  return exists (select from public.user_integrations ui
    where ui.user_id = user_has_service.user_id and ui.service_id = user_has_service.service_id and ui.is_active);
end $$;
--> statement-breakpoint
comment on function public.user_has_service(text, text) is 'Whether a user has a service.';
--> statement-breakpoint
revoke all on function public.user_has_service(text, text) from public;
--> statement-breakpoint
grant execute on function public.user_has_service(text, text) to gatehouse_member, gatehouse_sql;
