-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; histories 365 days; a
-- device as long as its cookie.
create or replace function gatehouse.cleanup_batch(p_table text, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_deleted integer;
begin
  case p_table
    when 'user_sessions' then
      delete from public.user_sessions where id in (select id from public.user_sessions
        where expires_at < now() - interval '7 days' order by expires_at limit p_limit for update skip locked);
    when 'magic_links' then
      delete from public.magic_links where id in (select id from public.magic_links
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'login_history' then
      delete from public.login_history where id in (select id from public.login_history
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'api_tokens' then
      delete from public.api_tokens where id in (select id from public.api_tokens
        where expires_at < now() - interval '90 days' order by expires_at limit p_limit for update skip locked);
    when 'outbox' then
      delete from public.outbox where id in (select id from public.outbox
        where dispatched_at < now() - interval '7 days' order by dispatched_at limit p_limit for update skip locked);
    when 'oauth_states' then
      delete from public.oauth_states where id in (select id from public.oauth_states
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'spent_challenges' then
      delete from public.spent_challenges where challenge_hash in (select challenge_hash from public.spent_challenges
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'security_alerts' then
      delete from public.security_alerts where id in (select id from public.security_alerts
        where expires_at < now() - interval '30 days' order by expires_at limit p_limit for update skip locked);
    when 'known_devices' then
      delete from public.known_devices where (user_id, device_hash) in (select user_id, device_hash
        from public.known_devices where last_seen_at < now() - interval '400 days' order by last_seen_at limit p_limit
        for update skip locked);
    when 'connection_events' then
      delete from public.connection_events where id in (select id from public.connection_events
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    else
      raise exception 'gate.misused' using errcode = 'GH014', detail = 'cleanup_batch does not know that table';
  end case;
  get diagnostics v_deleted = row_count;
  return v_deleted;
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_batch(text, integer) is 'Deletes a bounded batch of expired rows of one table.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_batch(text, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_batch(text, integer) to gatehouse_system;
--> statement-breakpoint
-- Disconnects accounts of a service softly: all of them, or the one of that external id (an empty one is refused: a
-- variable that was never filled does not mean all). Their tokens stay in the vault, for linking again. Definer:
-- members write no links. p_unlink: {user_id, service_id, external_user_id}, and of the Worker's: event_id. Answers how
-- many were active. Raises GH013, GH015, GH016, GH018.
create or replace function gatehouse.unlink_integrations(p_unlink jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_unlink->>'user_id';
  v_external_id text := p_unlink->>'external_user_id';
  v_event_id uuid := case when gatehouse.uid() is not null then (p_unlink->>'event_id')::uuid end;
  v public.user_integrations;
  v_unlinked integer := 0;
begin
  perform gatehouse.begin_linking(p_unlink);
  if v_external_id = '' then
    raise exception 'external_user_id is empty: leave it out to unlink every account of the service'
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not exists (select from public.services s where s.id = p_unlink->>'service_id') then
    raise exception 'There is no service "%"', p_unlink->>'service_id'
      using errcode = 'GH016', detail = 'service.not_found';
  end if;
  for v in update public.user_integrations ui set is_active = false
     where ui.user_id = v_user_id and ui.service_id = p_unlink->>'service_id' and ui.is_active
       and (v_external_id is null or ui.external_user_id = v_external_id)
    returning * loop
    v_unlinked := v_unlinked + 1;
    perform gatehouse.note_integration(v, 'unlinked', case when v_unlinked = 1 then v_event_id end);
  end loop;
  return v_unlinked;
end $$;
--> statement-breakpoint
comment on function gatehouse.unlink_integrations(jsonb) is 'Disconnects accounts of a service softly.';
--> statement-breakpoint
revoke all on function gatehouse.unlink_integrations(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.unlink_integrations(jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
drop function gatehouse.claim_operation(text, text, integer);
--> statement-breakpoint
-- Spends a mailed proof of the session that asked for it. Answers {outcome: 'taken' | an error code, email}.
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
  returning email into v_email;
  return case when found then jsonb_build_object('outcome', 'taken', 'email', v_email)
    else '{"outcome": "magic_link.other_browser"}' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.take_proof_mail(text, jsonb, jsonb) is 'Spends a mailed proof in the session that asked for it.';
--> statement-breakpoint
revoke all on function gatehouse.take_proof_mail(text, jsonb, jsonb) from public;
--> statement-breakpoint
-- Turns a proven mail into a session, once, and makes the user at their first. The same (proof, session) pair sent again
-- gets the same success. p_proof: see prove_mail; p_session: see sign_in, plus newUserId and signUpOpen.
create or replace function gatehouse.sign_in_by_mail(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_proof jsonb := gatehouse.prove_mail('sign_in', p_proof, p_session);
  v_link record;
  v_user record;
begin
  select * into v_link from public.magic_links where id = (v_proof->>'linkId')::uuid;
  if v_proof->>'outcome' = 'used' then
    return coalesce(case when v_link.session_id = (p_session->>'id')::uuid
      then gatehouse.session_answer(p_session) || jsonb_build_object('redirectUrl', v_link.redirect_url) end,
      '{"outcome": "magic_link.used"}');
  elsif v_proof->>'outcome' <> 'proven' then
    return v_proof;
  end if;
  select u.id, u.suspended_at into v_user from public.users u where lower(u.email) = lower(v_link.email) for no key update;
  if v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return '{"outcome": "user.suspended"}';
  elsif v_user.id is null then
    if not (p_session->>'signUpOpen')::boolean then
      return '{"outcome": "sign_up.closed"}';
    end if;
    -- A second link for the same new address may have made the user meanwhile.
    insert into public.users (id, email) values (p_session->>'newUserId', v_link.email)
      on conflict ((lower(email))) do nothing;
    select u.id, u.suspended_at into v_user from public.users u where lower(u.email) = lower(v_link.email) for no key update;
    insert into public.outbox (type, user_id, subject_id) select 'user.created', v_user.id, v_user.id
     where v_user.id = p_session->>'newUserId';
  end if;
  update public.users set email_verified_at = now() where id = v_user.id and email_verified_at is null;
  if found then
    perform gatehouse.strip_unproven(v_user.id);
  end if;
  update public.magic_links set used_at = now(), user_id = v_user.id where id = v_link.id;
  v_proof := gatehouse.sign_in(v_user.id, p_session);
  update public.magic_links set session_id = (p_session->>'id')::uuid where id = v_link.id;
  return v_proof || jsonb_build_object('redirectUrl', v_link.redirect_url);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in_by_mail(jsonb, jsonb) is 'Signs in, or up, by a mailed link or code, once.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in_by_mail(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in_by_mail(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- Ends every session of the subject but the one that asks, and notes it. Locks in the order of ids, so that two of these
-- cannot deadlock. Definer, since members write neither sessions nor history.
create or replace function gatehouse.revoke_other_sessions(p_facts jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_revoked integer;
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s
     where s.user_id = gatehouse.uid() and s.revoked_at is null and s.id is distinct from gatehouse.actor_id()
     order by s.id for update);
  get diagnostics v_revoked = row_count;
  if v_revoked > 0 then
    perform gatehouse.record_login(gatehouse.uid(), 'session_revoked', null, p_facts);
  end if;
  return v_revoked;
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_other_sessions(jsonb) is 'Ends every session of the subject but the one that asks; how many.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_other_sessions(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_other_sessions(jsonb) to gatehouse_member;
--> statement-breakpoint
-- Stores a mailed proof for the session that asks: 'step_up' goes to the account's verified address, 'email_change' to the
-- new one. It is worth nothing in another session. Answers {outcome: 'send' | 'taken' | an error code, email}.
-- p_link: {id, tokenHash, codeHash, browserHash, ipAddress, seconds}
create or replace function gatehouse.request_proof_mail(p_purpose text, p_email text, p_link jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_email text := p_email;
begin
  if p_purpose = 'step_up' then
    v_email := (select u.email from public.users u where u.id = gatehouse.uid() and u.email_verified_at is not null);
  end if;
  if v_email is null then
    return '{"outcome": "email.missing"}';
  end if;
  insert into public.magic_links
    (id, purpose, user_id, session_id, email, token_hash, code_hash, browser_hash, ip_address, expires_at)
  values ((p_link->>'id')::uuid, p_purpose, gatehouse.uid(), gatehouse.actor_id(), v_email, p_link->>'tokenHash',
    p_link->>'codeHash', p_link->>'browserHash', (p_link->>'ipAddress')::inet,
    now() + make_interval(secs => (p_link->>'seconds')::integer))
  on conflict (id) do nothing;
  return jsonb_build_object('email', v_email, 'outcome', case when p_purpose = 'email_change' and exists (
    select from public.users u where lower(u.email) = lower(v_email) and u.id <> gatehouse.uid()) then 'taken' else 'send' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.request_proof_mail(text, text, jsonb) is 'Stores a mailed proof of the subject: for step-up, or for a new address.';
--> statement-breakpoint
revoke all on function gatehouse.request_proof_mail(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_proof_mail(text, text, jsonb) to gatehouse_member;
--> statement-breakpoint
-- Stores a magic link for an address, known or not, and says which mail to send: sign_in, sign_up, or sign_up_closed.
-- The work is the same for every address, so its time tells nothing; a link that no mail carries can't be redeemed.
-- Sent twice with one id it stores once; with other input it answers 'conflict'.
-- p_link: {id, email, tokenHash, codeHash, browserHash, redirectUrl, ipAddress, seconds, signUpOpen}
create or replace function gatehouse.request_magic_link(p_link jsonb) returns text
language plpgsql volatile
as $$
declare
  v_user_id text := (select u.id from public.users u where lower(u.email) = lower(p_link->>'email'));
begin
  insert into public.magic_links
    (id, user_id, email, token_hash, code_hash, browser_hash, redirect_url, ip_address, expires_at)
  values ((p_link->>'id')::uuid, v_user_id, p_link->>'email', p_link->>'tokenHash', p_link->>'codeHash',
    p_link->>'browserHash', p_link->>'redirectUrl', (p_link->>'ipAddress')::inet,
    now() + make_interval(secs => (p_link->>'seconds')::integer))
  on conflict (id) do nothing;
  if not found and not exists (
    select from public.magic_links m
     where m.id = (p_link->>'id')::uuid and lower(m.email) = lower(p_link->>'email')
       and m.redirect_url is not distinct from p_link->>'redirectUrl'
  ) then
    return 'conflict';
  end if;
  return case when v_user_id is not null then 'sign_in'
              when (p_link->>'signUpOpen')::boolean then 'sign_up' else 'sign_up_closed' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.request_magic_link(jsonb) is 'Stores a mailed proof for signing in and says which mail to send.';
--> statement-breakpoint
revoke all on function gatehouse.request_magic_link(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_magic_link(jsonb) to gatehouse_system;
