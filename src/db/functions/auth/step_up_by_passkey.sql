-- Step-up by a passkey of the subject. Definer: members write no sessions. p_proof: see sign_in_by_passkey; p_session: see
-- refresh_session, plus alert {id, tokenHash}. Answers {outcome: 'stepped_up' | an error code, expiresAt, alert}.
create or replace function gatehouse.step_up_by_passkey(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_outcome text := p_proof->>'failure';
begin
  perform gatehouse.lock_actor();
  if v_outcome is not null then
    perform gatehouse.spend_challenge(p_proof);
  elsif not exists (select from public.passkeys p
      where p.id = (p_proof->>'passkeyId')::uuid and p.user_id = gatehouse.uid()) then
    v_outcome := 'passkey.user_mismatch';
  else
    v_outcome := gatehouse.use_passkey(p_proof);
  end if;
  if v_outcome = 'used' then
    return gatehouse.refresh_session(p_session || jsonb_build_object('credentialAt', (
      select p.created_at from public.passkeys p where p.id = (p_proof->>'passkeyId')::uuid)));
  end if;
  v_outcome := case v_outcome when 'repeated' then 'passkey.challenge_used' else v_outcome end;
  perform gatehouse.record_login(gatehouse.uid(), 'login_failed', v_outcome, p_session);
  return jsonb_build_object('outcome', v_outcome, 'alert', case v_outcome when 'passkey.counter_regressed'
    then gatehouse.raise_alert(gatehouse.uid(), 'passkey_copied', p_session->'alert', null, '{}') end);
end $$;
--> statement-breakpoint
comment on function gatehouse.step_up_by_passkey(jsonb, jsonb) is 'Step-up by an assertion that the Worker has checked, or the record of why not.';
--> statement-breakpoint
revoke all on function gatehouse.step_up_by_passkey(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.step_up_by_passkey(jsonb, jsonb) to gatehouse_member;
