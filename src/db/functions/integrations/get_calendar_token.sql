-- Requirement 1: get_valid_token of google_calendar.
create or replace function public.get_calendar_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_calendar_token.user_id, 'google_calendar');
end $$;
--> statement-breakpoint
comment on function public.get_calendar_token(text) is 'get_valid_token of google_calendar.';
--> statement-breakpoint
revoke all on function public.get_calendar_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_calendar_token(text) to gatehouse_sql;
