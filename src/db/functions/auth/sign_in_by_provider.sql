-- Signs in by an account at a provider. Known by (issuer, subject), never by address. An unknown one is joined to the user
-- of its address only when the provider vouches for the address and we have verified it ourselves; otherwise the person
-- proves the existing account first (GHSA-qq9h-g4jm-xgf3, CVE-2026-53516: accounts hijacked before their owner came).
-- p_identity: see store_social_account, plus isEmailVerified; p_session: see sign_in, plus newUserId and signUpOpen.
create or replace function gatehouse.sign_in_by_provider(p_identity jsonb, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_user record;
  v_owner_id text;
  v_is_known boolean;
begin
  if gatehouse.session_answer(p_session) is not null then
    return gatehouse.session_answer(p_session);
  end if;
  select a.user_id into v_owner_id from public.oauth_accounts a
   where a.issuer = p_identity->>'issuer' and a.provider_user_id = p_identity->>'subject';
  select * into v_user from public.users u where u.id = v_owner_id for no key update;
  -- Asked again under the lock: a report that held it may have taken the account away.
  v_is_known := exists (select from public.oauth_accounts a where a.issuer = p_identity->>'issuer'
    and a.provider_user_id = p_identity->>'subject' and a.user_id = v_user.id);
  if not v_is_known then
    -- One answer whether or not there is an account: else an address nobody proved would ask who is registered.
    if not (p_identity->>'isEmailVerified')::boolean or p_identity->>'email' is null then
      return '{"outcome": "social_account.email_unverified"}';
    end if;
    select * into v_user from public.users u where lower(u.email) = lower(p_identity->>'email') for no key update;
    if found and v_user.email_verified_at is null then
      perform gatehouse.record_login(v_user.id, 'login_failed', 'social_account.proof_required', p_session);
      return '{"outcome": "social_account.proof_required"}';
    elsif v_user.id is null and (gatehouse.reservation(p_identity->>'email')).id is not null then
      return jsonb_build_object('outcome', 'email.moved', 'alert',
        gatehouse.tell_moved(p_identity->>'email', p_session->'alert'));
    elsif v_user.id is null and not (p_session->>'signUpOpen')::boolean then
      return '{"outcome": "sign_up.closed"}';
    elsif v_user.id is null then
      insert into public.users (id, email, email_verified_at, display_name, avatar_url)
      values (p_session->>'newUserId', p_identity->>'email', now(), p_identity->>'name', p_identity->>'avatarUrl')
        on conflict ((lower(email))) do nothing;
      insert into public.outbox (type, user_id, subject_id) select 'user.created', u.id, u.id
        from public.users u where u.id = p_session->>'newUserId';
      select * into v_user from public.users u where lower(u.email) = lower(p_identity->>'email') for no key update;
    end if;
  end if;
  if v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return '{"outcome": "user.suspended"}';
  elsif gatehouse.store_social_account(v_user.id, p_identity) <> v_user.id then
    return '{"outcome": "social_account.linked_elsewhere"}';
  end if;
  if not v_is_known then
    perform gatehouse.record_login(v_user.id, 'account_linked', null, p_session);
  end if;
  return gatehouse.sign_in(v_user.id, p_session || jsonb_build_object('credentialAt', (
    select a.created_at from public.oauth_accounts a
     where a.issuer = p_identity->>'issuer' and a.provider_user_id = p_identity->>'subject')));
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in_by_provider(jsonb, jsonb) is 'Signs in, or up, by an identity that the Worker has checked with its provider.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in_by_provider(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in_by_provider(jsonb, jsonb) to gatehouse_system;
