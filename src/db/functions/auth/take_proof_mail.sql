-- Spends a mailed proof of the session that asked for it, and of the address that it went to: for step-up the account's
-- verified address still. Answers {outcome: 'taken' | an error code, email}.
create or replace function gatehouse.take_proof_mail(p_purpose text, p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_proof jsonb := gatehouse.prove_mail(p_purpose, p_proof, p_facts);
  v_email text;
begin
  if v_proof->>'outcome' = 'used' then
    return '{"outcome": "magic_link.used"}';
  elsif v_proof->>'outcome' <> 'proven' then
    return v_proof;
  end if;
  update public.magic_links set used_at = now()
   where id = (v_proof->>'linkId')::uuid and user_id = gatehouse.uid() and session_id = gatehouse.actor_id()
     and purpose = p_purpose and (p_purpose <> 'step_up' or lower(email) = (
       select lower(u.email) from public.users u where u.id = gatehouse.uid() and u.email_verified_at is not null))
  returning email into v_email;
  return case when found then jsonb_build_object('outcome', 'taken', 'email', v_email)
    else '{"outcome": "magic_link.other_browser"}' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.take_proof_mail(text, jsonb, jsonb) is 'Spends a mailed proof in the session that asked for it.';
--> statement-breakpoint
revoke all on function gatehouse.take_proof_mail(text, jsonb, jsonb) from public;
