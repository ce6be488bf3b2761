-- Whether the account has an address that stood longer than the one that a mail went to. Who reads that mailbox has no say
-- over the account then: it may be a hijacker's, whose change the owner took back.
create or replace function gatehouse.is_outranked(p_alert public.security_alerts) returns boolean
language plpgsql stable
as $$
begin
  return coalesce((select gatehouse.standing_since(u.id, u.email) < p_alert.email_since
    from public.users u where u.id = p_alert.user_id), false);
end $$;
--> statement-breakpoint
comment on function gatehouse.is_outranked(public.security_alerts) is 'Whether the account has an address that stood longer than the mails.';
--> statement-breakpoint
revoke all on function gatehouse.is_outranked(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_outranked(public.security_alerts) to gatehouse_system;
