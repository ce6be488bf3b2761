-- Signs a user in who has proven who they are; the caller holds the lock on the user's row, and has refused a suspended
-- one. Twenty sessions at the most, the one unused for longest goes (ASVS 7.1.2). A browser not seen before is told to
-- the user by mail, but for the very first one. The session that this browser had before ends, whoever's it was.
-- p_session: see create_session, plus deviceHash, alert {id, tokenHash} and replaces: the SHA-256 of that session's secret.
create or replace function gatehouse.sign_in(p_user_id text, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_session_id uuid := p_session->>'id';
  v_replaced_id uuid;
  v_ended record;
  v_is_first boolean := not exists (select from public.user_sessions s where s.user_id = p_user_id)
    and not exists (select from public.known_devices d where d.user_id = p_user_id);
  v_is_known boolean := exists (
    select from public.known_devices d where d.user_id = p_user_id and d.device_hash = p_session->>'deviceHash');
begin
  perform gatehouse.create_session(p_user_id, p_session);
  select s.id into v_replaced_id from public.user_sessions s
   where s.session_token_hash = p_session->>'replaces' and s.id <> v_session_id and s.expires_at > now();
  for v_ended in update public.user_sessions set revoked_at = now() where id in (
    select l.id from public.user_sessions l where l.revoked_at is null and l.id in (
      (select s.id from public.user_sessions s
        where s.user_id = p_user_id and s.revoked_at is null and s.expires_at > now()
          and s.id not in (v_session_id, coalesce(v_replaced_id, v_session_id))
        order by s.last_active_at desc, s.id desc offset 19)
      union all select v_replaced_id)
    order by l.id for update)
  returning id, user_id loop
    if v_ended.id = v_replaced_id then
      perform gatehouse.record_login(v_ended.user_id, 'session_revoked', null, p_session - 'authMethod');
    end if;
  end loop;
  if p_session->>'deviceHash' is not null then
    insert into public.known_devices (user_id, device_hash) values (p_user_id, p_session->>'deviceHash')
      on conflict (user_id, device_hash) do update set last_seen_at = now();
  end if;
  if not v_is_known and not v_is_first then
    perform gatehouse.raise_alert(p_user_id, 'new_device', p_session->'alert', v_session_id, '{}');
  end if;
  return gatehouse.session_answer(p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in(text, jsonb) is 'Signs a proven user in: session, history, known device, at most twenty sessions.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in(text, jsonb) to gatehouse_system;
