-- Makes the address that a mailed proof confirmed the account's own, and tells the old one. Definer: members do not write
-- their address. An account that had proven none before loses what was added to it, but for the session that acts. A
-- change that was undone and is made again by a credential older than it is final. p_proof: see prove_mail; p_facts: see
-- record_login, plus alert {id, tokenHash}. Answers {outcome: 'changed' | an error code, email, attemptsLeft, alert: to
-- the old address, isFinal}.
create or replace function gatehouse.change_email(p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_before record;
  v_taken jsonb;
  v_email text;
  v_alert jsonb;
  v_is_final boolean;
begin
  perform gatehouse.lock_actor();
  select u.email, u.email_verified_at into v_before from public.users u where u.id = v_user_id;
  if gatehouse.has_happened(p_facts) then
    return jsonb_build_object('outcome', 'changed', 'email', v_before.email);
  end if;
  v_taken := gatehouse.take_proof_mail('email_change', p_proof, p_facts);
  v_email := v_taken->>'email';
  if v_taken->>'outcome' <> 'taken' then
    return v_taken;
  elsif exists (select from public.users u where lower(u.email) = lower(v_email) and u.id <> v_user_id)
      or (gatehouse.reservation(v_email)).user_id <> v_user_id then
    return '{"outcome": "email.taken"}';
  end if;
  v_is_final := exists (
    select from public.email_changes c join public.user_sessions s on s.id = gatehouse.actor_id()
     where c.user_id = v_user_id and c.undone_at is not null and c.created_at > now() - interval '30 days'
       and lower(c.email) = lower(v_email) and s.credential_at < c.created_at);
  v_alert := gatehouse.raise_alert(v_user_id, case when v_is_final then 'email_changed_again' else 'email_changed' end,
    p_facts->'alert', null, jsonb_build_object('previousEmail', v_before.email, 'changeId', p_facts->>'eventId'));
  begin
    update public.users set email = v_email, email_verified_at = now() where id = v_user_id;
  exception when unique_violation then
    return '{"outcome": "email.taken"}';
  end;
  if v_before.email_verified_at is null then
    perform gatehouse.strip_unproven_but(v_user_id, gatehouse.actor_id());
  elsif lower(v_before.email) <> lower(v_email) then
    insert into public.email_changes (id, user_id, previous_email, previous_since, email, is_final)
    values ((p_facts->>'eventId')::uuid, v_user_id, v_before.email,
      gatehouse.standing_since(v_user_id, v_before.email), v_email, v_is_final);
  end if;
  perform gatehouse.record_login(v_user_id, 'email_changed', null, p_facts);
  return jsonb_build_object('outcome', 'changed', 'email', v_email, 'alert', v_alert);
end $$;
--> statement-breakpoint
comment on function gatehouse.change_email(jsonb, jsonb) is 'Makes a proven address the accounts own, and tells the old one.';
--> statement-breakpoint
revoke all on function gatehouse.change_email(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.change_email(jsonb, jsonb) to gatehouse_member;
