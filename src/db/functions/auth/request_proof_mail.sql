-- Stores a mailed proof for the session that asks: 'step_up' goes to the account's verified address, 'email_change' to the
-- new one, with a code as far as may_mail_code says. It is worth nothing in another session. Sent again with one id it is the same mail, if all else is the same: a
-- secret that was mailed proves one address, for one user, session and purpose. Answers {outcome: 'send' | 'taken' | an
-- error code, email}, and with the first two what is stored (mailed_proof).
-- p_link: {id, tokenHash, codeHash, browserHash, ipAddress, seconds}
create or replace function gatehouse.request_proof_mail(p_purpose text, p_email text, p_link jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_email text := p_email;
begin
  perform gatehouse.lock_actor();
  if p_purpose = 'step_up' then
    v_email := (select u.email from public.users u where u.id = gatehouse.uid() and u.email_verified_at is not null);
  end if;
  if v_email is null then
    return '{"outcome": "email.missing"}';
  end if;
  insert into public.magic_links
    (id, purpose, user_id, session_id, email, token_hash, code_hash, browser_hash, ip_address, expires_at)
  values ((p_link->>'id')::uuid, p_purpose, gatehouse.uid(), gatehouse.actor_id(), v_email, p_link->>'tokenHash',
    case when gatehouse.may_mail_code(v_email, case when p_purpose = 'step_up' then gatehouse.uid() end)
      then p_link->>'codeHash' end, p_link->>'browserHash', (p_link->>'ipAddress')::inet,
    now() + make_interval(secs => (p_link->>'seconds')::integer))
  on conflict (id) do nothing;
  if not found and not exists (
    select from public.magic_links m
     where m.id = (p_link->>'id')::uuid and m.purpose = p_purpose and m.user_id = gatehouse.uid()
       and m.session_id = gatehouse.actor_id() and lower(m.email) = lower(v_email)
       and m.token_hash = p_link->>'tokenHash'
  ) then
    return '{"outcome": "idempotency_key.reused"}';
  end if;
  return gatehouse.mailed_proof((p_link->>'id')::uuid) || jsonb_build_object('email', v_email, 'outcome', case when p_purpose = 'email_change' and exists (
    select from public.users u where lower(u.email) = lower(v_email) and u.id <> gatehouse.uid())
    or p_purpose = 'email_change' and (gatehouse.reservation(v_email)).user_id <> gatehouse.uid() then 'taken' else 'send' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.request_proof_mail(text, text, jsonb) is 'Stores a mailed proof of the subject: for step-up, or for a new address.';
--> statement-breakpoint
revoke all on function gatehouse.request_proof_mail(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_proof_mail(text, text, jsonb) to gatehouse_member;
