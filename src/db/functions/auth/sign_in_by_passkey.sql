-- The end of a passkey sign-in. With a failure (the Worker found the assertion wrong) it spends the challenge and notes
-- the attempt; else it signs in, once. A counter that went back is refused, noted and told to the owner.
-- p_proof: see use_passkey, plus userId and failure (an error code, or null); p_session: see sign_in
create or replace function gatehouse.sign_in_by_passkey(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_user_id text := p_proof->>'userId';
  v_outcome text := p_proof->>'failure';
  v_suspended_at timestamptz;
begin
  select u.suspended_at into v_suspended_at from public.users u where u.id = v_user_id for no key update;
  if not found then
    return '{"outcome": "passkey.unknown"}';
  elsif v_outcome is not null then
    perform gatehouse.spend_challenge(p_proof);
  else
    v_outcome := gatehouse.use_passkey(p_proof);
  end if;
  if v_outcome = 'repeated' then
    return coalesce(gatehouse.session_answer(p_session), '{"outcome": "passkey.challenge_used"}');
  elsif v_outcome = 'used' and v_suspended_at is null then
    return gatehouse.sign_in(v_user_id, p_session || jsonb_build_object('credentialAt', (
      select p.created_at from public.passkeys p where p.id = (p_proof->>'passkeyId')::uuid)));
  elsif v_outcome = 'used' then
    v_outcome := 'user.suspended';
  end if;
  perform gatehouse.record_login(v_user_id, 'login_failed', v_outcome, p_session);
  return jsonb_build_object('outcome', v_outcome, 'alert', case v_outcome when 'passkey.counter_regressed'
    then gatehouse.raise_alert(v_user_id, 'passkey_copied', p_session->'alert', null, '{}') end);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in_by_passkey(jsonb, jsonb) is 'Signs in by an assertion that the Worker has checked, or records why not.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in_by_passkey(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in_by_passkey(jsonb, jsonb) to gatehouse_system;
