-- Requirement 1: link_service_to_user for google_calendar.
create or replace function public.link_calendar_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_calendar_to_user.user_id, service_id => 'google_calendar',
    access_token => link_calendar_to_user.access_token,
    refresh_token => link_calendar_to_user.refresh_token,
    token_expires_at => link_calendar_to_user.token_expires_at,
    client_id => link_calendar_to_user.client_id,
    client_secret => link_calendar_to_user.client_secret,
    granted_scopes => link_calendar_to_user.granted_scopes,
    external_user_id => link_calendar_to_user.external_user_id,
    display_label => link_calendar_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) is 'Links google_calendar with its tokens.';
--> statement-breakpoint
revoke all on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) to gatehouse_member, gatehouse_sql;
