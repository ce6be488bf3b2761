-- Requirement 1: link_service_to_user for telegram.
create or replace function public.link_telegram_to_user(
  user_id text, external_user_id text, external_username text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_telegram_to_user.user_id, service_id => 'telegram',
    external_user_id => link_telegram_to_user.external_user_id,
    external_username => link_telegram_to_user.external_username,
    display_label => link_telegram_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_telegram_to_user(text, text, text, text) is 'Links telegram by its id there.';
--> statement-breakpoint
revoke all on function public.link_telegram_to_user(text, text, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_telegram_to_user(text, text, text, text) to gatehouse_member, gatehouse_sql;
