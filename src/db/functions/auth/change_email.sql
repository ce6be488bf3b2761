-- Makes the address that a mailed proof confirmed the account's own, and tells the old one. Definer: members do not write
-- their address. p_proof: see prove_mail; p_facts: see record_login, plus alert {id, tokenHash}.
-- Answers {outcome: 'changed' | an error code, email, attemptsLeft, alert: to the old address}.
create or replace function gatehouse.change_email(p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_previous text;
  v_taken jsonb;
  v_alert jsonb;
begin
  select u.email into v_previous from public.users u where u.id = v_user_id for no key update;
  if gatehouse.has_happened(p_facts) then
    return jsonb_build_object('outcome', 'changed', 'email', v_previous);
  end if;
  v_taken := gatehouse.take_proof_mail('email_change', p_proof, p_facts);
  if v_taken->>'outcome' <> 'taken' then
    return v_taken;
  elsif exists (select from public.users u where lower(u.email) = lower(v_taken->>'email') and u.id <> v_user_id) then
    return '{"outcome": "email.taken"}';
  end if;
  v_alert := gatehouse.raise_alert(v_user_id, 'email_changed', p_facts->'alert', null,
    jsonb_build_object('previousEmail', v_previous));
  begin
    update public.users set email = v_taken->>'email', email_verified_at = now() where id = v_user_id;
  exception when unique_violation then
    return '{"outcome": "email.taken"}';
  end;
  perform gatehouse.record_login(v_user_id, 'email_changed', null, p_facts);
  return jsonb_build_object('outcome', 'changed', 'email', v_taken->>'email', 'alert', v_alert);
end $$;
--> statement-breakpoint
comment on function gatehouse.change_email(jsonb, jsonb) is 'Makes a proven address the accounts own, and tells the old one.';
--> statement-breakpoint
revoke all on function gatehouse.change_email(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.change_email(jsonb, jsonb) to gatehouse_member;
