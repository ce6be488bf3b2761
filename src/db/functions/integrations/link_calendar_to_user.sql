-- Requirement 1: link_google_calendar_to_user by the short name that get_calendar_token has.
create or replace function public.link_calendar_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_google_calendar_to_user($1, $2, $3, $4, $5, $6, $7, $8, $9);
end $$;
--> statement-breakpoint
comment on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) is 'Links google_calendar with its tokens.';
--> statement-breakpoint
revoke all on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) to gatehouse_member, gatehouse_sql;
