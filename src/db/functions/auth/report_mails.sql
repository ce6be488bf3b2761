-- Whom a report is told to: every address that the account has, or had since p_from, and that of the mail itself. Asked
-- after the report. Answers [{email, role: 'owner' (has the account) | 'given_up' (had it until now) | 'other'}].
create or replace function gatehouse.report_mails(p_alert public.security_alerts, p_from timestamptz, p_before text) returns jsonb
language plpgsql stable
as $$
declare
  v_now text := (select u.email from public.users u where u.id = p_alert.user_id);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('email', m.email, 'role', case
               when lower(m.email) = lower(v_now) then 'owner' when lower(m.email) = lower(p_before) then 'given_up'
               else 'other' end) order by m.email), '[]')
      from (
        select distinct on (lower(a.email)) a.email
          from (
            select v_now as email union all select p_before union all select p_alert.email
            union all select unnest(array[c.previous_email, c.email]) from public.email_changes c
              where c.user_id = p_alert.user_id and c.created_at >= p_from) a
         where a.email is not null) m);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_mails(public.security_alerts, timestamptz, text) is 'Whom a report is told to.';
--> statement-breakpoint
revoke all on function gatehouse.report_mails(public.security_alerts, timestamptz, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_mails(public.security_alerts, timestamptz, text) to gatehouse_system;
