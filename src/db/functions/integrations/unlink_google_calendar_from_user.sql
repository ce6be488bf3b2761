-- Requirement 1: unlink_service_from_user for google_calendar.
create or replace function public.unlink_google_calendar_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(
    unlink_google_calendar_from_user.user_id, 'google_calendar', unlink_google_calendar_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_google_calendar_from_user(text, text) is 'Disconnects google_calendar softly.';
--> statement-breakpoint
revoke all on function public.unlink_google_calendar_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_google_calendar_from_user(text, text) to gatehouse_member, gatehouse_sql;
