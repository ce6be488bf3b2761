-- Requirement 1: links many services at once, each item by itself: see gatehouse.change_services. Items have the keys of
-- link_service_to_user.
create or replace function public.bulk_link_services_to_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.change_services('link', bulk_link_services_to_user.user_id, services_json);
end $$;
--> statement-breakpoint
comment on function public.bulk_link_services_to_user(text, jsonb) is 'Links many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_link_services_to_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_link_services_to_user(text, jsonb) to gatehouse_member, gatehouse_sql;
