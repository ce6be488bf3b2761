-- Requirement 1: unlinks many services at once, each item by itself: see gatehouse.change_services. Items have the keys of
-- unlink_service_from_user.
create or replace function public.bulk_unlink_services_from_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.change_services('unlink', bulk_unlink_services_from_user.user_id, services_json);
end $$;
--> statement-breakpoint
comment on function public.bulk_unlink_services_from_user(text, jsonb) is 'Unlinks many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_unlink_services_from_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_unlink_services_from_user(text, jsonb) to gatehouse_member, gatehouse_sql;
