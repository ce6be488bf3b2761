-- From when on a report of a mail undoes: the earliest alert that waits for a report and went to the same address, or to one
-- that came later; or the change of address that it tells of. Minus fifteen seconds: a row that waited for a lock carries
-- the time at which its own transaction began.
create or replace function gatehouse.report_start(p_alert public.security_alerts) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select min(least(a.created_at, c.created_at)) - interval '15 seconds'
      from public.security_alerts a
      left join public.email_changes c on c.user_id = a.user_id and c.id = (a.details->>'changeId')::uuid
     where a.user_id = p_alert.user_id and a.used_at is null and a.expires_at > now()
       and (a.id = p_alert.id or p_alert.email_since is null or a.email_since >= p_alert.email_since));
end $$;
--> statement-breakpoint
comment on function gatehouse.report_start(public.security_alerts) is 'From when on a report of a mail undoes what was added.';
--> statement-breakpoint
revoke all on function gatehouse.report_start(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_start(public.security_alerts) to gatehouse_system;
