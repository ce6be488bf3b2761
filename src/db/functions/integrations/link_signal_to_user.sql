-- Requirement 1: link_service_to_user for signal.
create or replace function public.link_signal_to_user(
  user_id text, external_user_id text, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_signal_to_user.user_id, service_id => 'signal',
    external_user_id => link_signal_to_user.external_user_id,
    display_label => link_signal_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_signal_to_user(text, text, text) is 'Links signal by its id there.';
--> statement-breakpoint
revoke all on function public.link_signal_to_user(text, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_signal_to_user(text, text, text) to gatehouse_member, gatehouse_sql;
