-- Whether an address that stood longer than the one that a mail went to is the account's, or was it since: then whoever
-- reads that mailbox has no say over the account any more. It may be a hijacker's, whose change the owner took back before
-- moving on to a third address. An address never outranks itself: what says since when it stood is cleaned up after 30 days.
create or replace function gatehouse.is_outranked(p_alert public.security_alerts) returns boolean
language plpgsql stable
as $$
begin
  return coalesce((select gatehouse.standing_since(u.id, u.email) < p_alert.email_since
      from public.users u where u.id = p_alert.user_id and lower(u.email) <> lower(p_alert.email)), false)
    or exists (select from public.email_changes c
      where c.user_id = p_alert.user_id and c.undone_at is null and c.created_at > p_alert.email_since
        and c.previous_since < p_alert.email_since and lower(c.previous_email) <> lower(p_alert.email));
end $$;
--> statement-breakpoint
comment on function gatehouse.is_outranked(public.security_alerts) is 'Whether the account has, or had since, an address that stood longer than the mails.';
--> statement-breakpoint
revoke all on function gatehouse.is_outranked(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_outranked(public.security_alerts) to gatehouse_system;
