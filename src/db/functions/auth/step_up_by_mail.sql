-- Step-up by a mail to the verified address. Definer: members write no sessions. p_proof: see prove_mail; p_session: see
-- refresh_session. Answers {outcome: 'stepped_up' | an error code, expiresAt, attemptsLeft}.
create or replace function gatehouse.step_up_by_mail(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_taken jsonb;
begin
  perform gatehouse.lock_actor();
  v_taken := gatehouse.take_proof_mail('step_up', p_proof, p_session);
  if v_taken->>'outcome' <> 'taken' then
    return v_taken;
  end if;
  return gatehouse.refresh_session(p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.step_up_by_mail(jsonb, jsonb) is 'Step-up by a mailed link or code.';
--> statement-breakpoint
revoke all on function gatehouse.step_up_by_mail(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.step_up_by_mail(jsonb, jsonb) to gatehouse_member;
