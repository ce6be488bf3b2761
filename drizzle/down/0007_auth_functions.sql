-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; history 365 days.
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
drop function gatehouse.ways_in(text, text[]);
--> statement-breakpoint
-- The token of the mailed link, in the browser that asked for it. Answers {outcome, …}: 'signed_in', or an error code.
create or replace function gatehouse.verify_magic_link(p_token_hash text, p_browser_hash text, p_session jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
begin
  select id, user_id, browser_hash into v_link from public.magic_links where token_hash = p_token_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'magic_link.invalid');
  elsif v_link.browser_hash is distinct from p_browser_hash then
    if v_link.user_id is not null then
      perform gatehouse.record_login(v_link.user_id, 'login_failed', 'magic_link.other_browser', p_session);
    end if;
    return jsonb_build_object('outcome', 'magic_link.other_browser');
  end if;
  return gatehouse.redeem_magic_link(v_link.id, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.verify_magic_link(text, text, jsonb) is 'Redeems a magic link by its token and the browser that asked for it.';
--> statement-breakpoint
revoke all on function gatehouse.verify_magic_link(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.verify_magic_link(text, text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- The six digits of the mail, typed in the browser that asked for it; at most three tries (ASVS 6.5.4). The row is
-- found by the browser's own secret, so nobody else's tries count. p_code_hashes: one per lookup key in the ring.
create or replace function gatehouse.verify_magic_code(p_link_id uuid, p_browser_hash text, p_code_hashes text[], p_session jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
begin
  select id, user_id, code_hash, attempts, used_at into v_link from public.magic_links
   where id = p_link_id and browser_hash = p_browser_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'code.invalid');
  elsif v_link.attempts >= 3 then
    return jsonb_build_object('outcome', 'code.exhausted', 'attemptsLeft', 0);
  elsif v_link.code_hash = any (p_code_hashes) then
    return gatehouse.redeem_magic_link(v_link.id, p_session);
  end if;
  update public.magic_links set attempts = attempts + 1 where id = v_link.id;
  if v_link.user_id is not null then
    perform gatehouse.record_login(v_link.user_id, 'login_failed', 'code.invalid', p_session);
  end if;
  return jsonb_build_object('outcome', 'code.invalid', 'attemptsLeft', 2 - v_link.attempts);
end $$;
--> statement-breakpoint
comment on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) is 'Redeems a magic link by its six-digit code; three tries.';
--> statement-breakpoint
revoke all on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) to gatehouse_system;
--> statement-breakpoint
drop function gatehouse.use_passkey(jsonb);
--> statement-breakpoint
drop function gatehouse.unlink_social_account(uuid, text[], jsonb);
--> statement-breakpoint
drop function gatehouse.token_owner_kind();
--> statement-breakpoint
drop function gatehouse.take_proof_mail(text, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.take_oauth_state(jsonb);
--> statement-breakpoint
drop function gatehouse.strip_unproven(text);
--> statement-breakpoint
drop function gatehouse.store_social_account(text, jsonb);
--> statement-breakpoint
drop function gatehouse.step_up_by_passkey(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.step_up_by_mail(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.spend_challenge(jsonb);
--> statement-breakpoint
drop function gatehouse.sign_in_by_provider(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.sign_in_by_passkey(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.sign_in_by_mail(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.sign_in(text, jsonb);
--> statement-breakpoint
drop function gatehouse.session_limits(text);
--> statement-breakpoint
drop function gatehouse.session_answer(jsonb);
--> statement-breakpoint
drop function gatehouse.rotate_token(uuid, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.revoke_token(uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.revoke_session(uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.revoke_other_sessions(jsonb);
--> statement-breakpoint
drop function gatehouse.request_proof_mail(text, text, jsonb);
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
comment on function gatehouse.request_magic_link(jsonb) is 'Stores a magic link and says which mail to send.';
--> statement-breakpoint
revoke all on function gatehouse.request_magic_link(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_magic_link(jsonb) to gatehouse_system;
--> statement-breakpoint
drop function gatehouse.report_not_me(text, jsonb);
--> statement-breakpoint
drop function gatehouse.remove_passkey(uuid, text[], jsonb);
--> statement-breakpoint
drop function gatehouse.register_passkey(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.refresh_session(jsonb);
--> statement-breakpoint
-- Turns a proven link into a session, once. The caller holds the row's lock. It returns a refusal and never raises,
-- since raising would roll the recorded failure back. The same (link, session) pair sent again gets the same success.
-- p_session: see create_session, plus newUserId and signUpOpen.
create or replace function gatehouse.redeem_magic_link(p_link_id uuid, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
  v_user record;
begin
  select * into v_link from public.magic_links where id = p_link_id;
  if v_link.used_at is not null then
    if v_link.session_id = (p_session->>'id')::uuid and exists (
      select from public.user_sessions s
       where s.id = v_link.session_id and s.session_token_hash = p_session->>'tokenHash' and s.revoked_at is null
    ) then
      return jsonb_build_object('outcome', 'signed_in', 'userId', v_link.user_id, 'redirectUrl', v_link.redirect_url,
        'expiresAt', (select s.expires_at from public.user_sessions s where s.id = v_link.session_id));
    end if;
    return jsonb_build_object('outcome', 'magic_link.used');
  end if;
  select u.id, u.suspended_at into v_user from public.users u
   where lower(u.email) = lower(v_link.email) for update;
  if v_link.expires_at <= now() then
    if v_user.id is not null then
      perform gatehouse.record_login(v_user.id, 'login_failed', 'magic_link.expired', p_session);
    end if;
    return jsonb_build_object('outcome', 'magic_link.expired');
  elsif v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return jsonb_build_object('outcome', 'user.suspended');
  elsif v_user.id is null then
    if not (p_session->>'signUpOpen')::boolean then
      return jsonb_build_object('outcome', 'sign_up.closed');
    end if;
    -- A second link for the same new address may have made the user meanwhile.
    insert into public.users (id, email) values (p_session->>'newUserId', v_link.email)
      on conflict ((lower(email))) do nothing;
    select u.id, u.suspended_at into v_user from public.users u
     where lower(u.email) = lower(v_link.email) for update;
    insert into public.outbox (type, user_id, subject_id) select 'user.created', v_user.id, v_user.id
     where v_user.id = p_session->>'newUserId';
  end if;
  update public.users set email_verified_at = now() where id = v_user.id and email_verified_at is null;
  perform gatehouse.create_session(v_user.id, p_session);
  update public.magic_links set used_at = now(), user_id = v_user.id, session_id = (p_session->>'id')::uuid
   where id = p_link_id;
  return jsonb_build_object('outcome', 'signed_in', 'userId', v_user.id, 'redirectUrl', v_link.redirect_url,
    'expiresAt', (select s.expires_at from public.user_sessions s where s.id = (p_session->>'id')::uuid));
end $$;
--> statement-breakpoint
comment on function gatehouse.redeem_magic_link(uuid, jsonb) is 'Turns a proven magic link into a session, once.';
--> statement-breakpoint
revoke all on function gatehouse.redeem_magic_link(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.redeem_magic_link(uuid, jsonb) to gatehouse_system;
--> statement-breakpoint
-- One row of a user's sign-in history (requirement 3 §1.2). p_session carries the request's facts.
create or replace function gatehouse.record_login(p_user_id text, p_event text, p_failure text, p_session jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.login_history
    (user_id, event_type, auth_method, ip_address, device_info, location, success, failure_reason)
  values (p_user_id, p_event, p_session->>'authMethod', (p_session->>'ipAddress')::inet, p_session->'deviceInfo',
    p_session->'location', p_failure is null, p_failure);
end $$;
--> statement-breakpoint
comment on function gatehouse.record_login(text, text, text, jsonb) is 'Adds one row to login_history.';
--> statement-breakpoint
revoke all on function gatehouse.record_login(text, text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.record_login(text, text, text, jsonb) to gatehouse_system;
--> statement-breakpoint
drop function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.prove_mail(text, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.passkey_ids(text);
--> statement-breakpoint
drop function gatehouse.own_token(uuid);
--> statement-breakpoint
drop function gatehouse.link_social_account(text, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.insert_token(jsonb);
--> statement-breakpoint
drop function gatehouse.has_happened(jsonb);
--> statement-breakpoint
drop function gatehouse.find_passkey(bytea);
--> statement-breakpoint
-- Sign-out: revokes the credential that entered and notes it. Definer, since members write no history; it acts on
-- nothing but the caller's own session.
create or replace function gatehouse.end_session(p_facts jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.user_sessions set revoked_at = now()
   where id = gatehouse.actor_id() and user_id = gatehouse.uid() and revoked_at is null;
  if found then
    insert into public.login_history (user_id, event_type, ip_address, device_info, location, success)
    values (gatehouse.uid(), 'logout', (p_facts->>'ipAddress')::inet, p_facts->'deviceInfo', p_facts->'location', true);
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.end_session(jsonb) is 'Revokes the session that entered and records the logout.';
--> statement-breakpoint
revoke all on function gatehouse.end_session(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.end_session(jsonb) to gatehouse_member;
--> statement-breakpoint
drop function gatehouse.create_token(jsonb, jsonb);
--> statement-breakpoint
-- A new session row (requirement 3 §1.1) and its login_success.
-- p_session: {id, tokenHash, authMethod, deviceType, deviceName, browser, os, ipAddress, city, country, deviceInfo,
-- location, absoluteSeconds, idleSeconds}
create or replace function gatehouse.create_session(p_user_id text, p_session jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.user_sessions
    (id, user_id, session_token_hash, auth_method, device_type, device_name, browser, os, ip_address,
     location_city, location_country, idle_timeout, expires_at)
  values ((p_session->>'id')::uuid, p_user_id, p_session->>'tokenHash', p_session->>'authMethod',
    p_session->>'deviceType', p_session->>'deviceName', p_session->>'browser', p_session->>'os',
    (p_session->>'ipAddress')::inet, p_session->>'city', p_session->>'country',
    make_interval(secs => (p_session->>'idleSeconds')::integer),
    now() + make_interval(secs => (p_session->>'absoluteSeconds')::integer));
  perform gatehouse.record_login(p_user_id, 'login_success', null, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.create_session(text, jsonb) is 'Inserts a session and its login_success.';
--> statement-breakpoint
revoke all on function gatehouse.create_session(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.create_session(text, jsonb) to gatehouse_system;
--> statement-breakpoint
drop function gatehouse.change_email(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.begin_step_up();
--> statement-breakpoint
drop function gatehouse.begin_social(jsonb);
--> statement-breakpoint
drop function gatehouse.begin_passkey_registration(bytea);
