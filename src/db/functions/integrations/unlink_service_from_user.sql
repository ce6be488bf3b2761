-- Requirement 1: disconnects an account softly, or without its id all accounts of the service. Answers whether any was
-- active. Errors: see gatehouse.unlink_integrations.
create or replace function public.unlink_service_from_user(
  user_id text, service_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return gatehouse.unlink_integrations(jsonb_build_object(
    'user_id', unlink_service_from_user.user_id,
    'service_id', unlink_service_from_user.service_id,
    'external_user_id', unlink_service_from_user.external_user_id)) > 0;
end $$;
--> statement-breakpoint
comment on function public.unlink_service_from_user(text, text, text) is 'Disconnects accounts of a service softly.';
--> statement-breakpoint
revoke all on function public.unlink_service_from_user(text, text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_service_from_user(text, text, text) to gatehouse_member, gatehouse_sql;
