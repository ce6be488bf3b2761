-- Ends one session of the subject and notes it, once; false when the subject has none of that id. Ending an ended one
-- changes nothing and succeeds. Definer, since members write neither sessions nor history.
create or replace function gatehouse.revoke_session(p_session_id uuid, p_facts jsonb) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.user_sessions set revoked_at = now()
   where id = p_session_id and user_id = gatehouse.uid() and revoked_at is null;
  if found then
    perform gatehouse.record_login(gatehouse.uid(), 'session_revoked', null, p_facts);
    return true;
  end if;
  return exists (select from public.user_sessions where id = p_session_id and user_id = gatehouse.uid());
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_session(uuid, jsonb) is 'Ends one session of the subject; whether there is one.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_session(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_session(uuid, jsonb) to gatehouse_member;
