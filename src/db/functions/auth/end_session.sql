-- Sign-out: revokes the credential that entered and notes it. Definer, since members write neither; it acts on nothing
-- but the caller's own session.
create or replace function gatehouse.end_session(p_facts jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.user_sessions set revoked_at = now()
   where id = gatehouse.actor_id() and user_id = gatehouse.uid() and revoked_at is null;
  if found then
    perform gatehouse.record_login(gatehouse.uid(), 'logout', null, p_facts);
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.end_session(jsonb) is 'Revokes the session that entered and records the logout.';
--> statement-breakpoint
revoke all on function gatehouse.end_session(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.end_session(jsonb) to gatehouse_member;
