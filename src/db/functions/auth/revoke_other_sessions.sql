-- Ends every session of the subject but the one that asks, and notes it; sent again it answers the same number. Locks in the order of ids, so that two of these
-- cannot deadlock. Definer, since members write neither sessions nor history.
create or replace function gatehouse.revoke_other_sessions(p_facts jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_revoked integer;
begin
  -- One that found none left nothing in the history.
  if gatehouse.has_happened(p_facts) or gatehouse.is_repeated('revoke') then
    -- Those that ended in the same transaction.
    return (select count(*) from public.user_sessions s join public.login_history h on h.user_id = s.user_id
      where h.id = (p_facts->>'eventId')::uuid and s.user_id = gatehouse.uid() and s.revoked_at = h.created_at);
  end if;
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s
     where s.user_id = gatehouse.uid() and s.revoked_at is null and s.id is distinct from gatehouse.actor_id()
     order by s.id for update);
  get diagnostics v_revoked = row_count;
  if v_revoked > 0 then
    perform gatehouse.record_login(gatehouse.uid(), 'session_revoked', null, p_facts);
  end if;
  perform gatehouse.keep_effect('revoke', 'true');
  return v_revoked;
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_other_sessions(jsonb) is 'Ends every session of the subject but the one that asks; how many.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_other_sessions(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_other_sessions(jsonb) to gatehouse_member;
