-- From when on a report undoes: the earliest of the user's alerts that still wait for one, or the change that it tells of;
-- fifteen seconds earlier, since what waited for a lock carries the time of its own beginning.
create or replace function gatehouse.report_start(p_user_id text) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select min(least(a.created_at, c.created_at)) - interval '15 seconds'
      from public.security_alerts a
      left join public.email_changes c on c.user_id = a.user_id and c.id = (a.details->>'changeId')::uuid
     where a.user_id = p_user_id and a.used_at is null and a.expires_at > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.report_start(text) is 'From when on a report of a user undoes what was added.';
--> statement-breakpoint
revoke all on function gatehouse.report_start(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_start(text) to gatehouse_system;
