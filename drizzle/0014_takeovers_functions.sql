-- function: auth/begin_passkey_registration
-- What a registration needs: the user's stable handle of 64 random bytes (WebAuthn §14.6.1; made at the first passkey,
-- never changed), names for the authenticator to show, and the passkeys there are. Definer, since no member reads or
-- writes the handle.
create or replace function gatehouse.begin_passkey_registration(p_new_handle bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform gatehouse.lock_actor();
  update public.users set webauthn_handle = p_new_handle where id = gatehouse.uid() and webauthn_handle is null;
  return (
    select jsonb_build_object('handle', encode(u.webauthn_handle, 'hex'), 'email', u.email, 'displayName', u.display_name,
             'passkeys', gatehouse.passkey_ids(u.id))
      from public.users u where u.id = gatehouse.uid()
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_passkey_registration(bytea) is 'The subject as WebAuthn names it, and the passkeys it has; gives it its handle at the first.';
--> statement-breakpoint
revoke all on function gatehouse.begin_passkey_registration(bytea) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_passkey_registration(bytea) to gatehouse_member;
--> statement-breakpoint
-- function: auth/begin_social
-- Stores the state of a redirect to a provider, for ten minutes. Entered as a member it is for linking, and for that
-- member alone; else it is for signing in. p_state: {id, stateHash, connector, browserHash, redirectUrl}
create or replace function gatehouse.begin_social(p_state jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
begin
  if v_user_id is not null then
    perform gatehouse.lock_actor();
  end if;
  insert into public.oauth_states
    (id, state_hash, purpose, connector, user_id, browser_hash, redirect_url, expires_at)
  values ((p_state->>'id')::uuid, p_state->>'stateHash', case when v_user_id is null then 'sign_in' else 'link' end,
    p_state->>'connector', v_user_id, p_state->>'browserHash', p_state->>'redirectUrl', now() + interval '10 minutes')
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_social(jsonb) is 'Stores the state of a redirect to a provider; of a member, to link the account there.';
--> statement-breakpoint
revoke all on function gatehouse.begin_social(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_social(jsonb) to gatehouse_system, gatehouse_member;
--> statement-breakpoint
-- function: auth/change_email
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
--> statement-breakpoint
-- function: auth/code_limits
-- How far six digits may be guessed. `mails`: how many mails to an address have a code within a day, whatever they are for (may_mail_code); later ones have the
-- link alone. `tries`: how many wrong codes a mail takes; `slow_tries`, once `slow_from` wrong codes were typed for the live
-- mails of the deployment. From `link_from` on codes are refused until those mails have expired; links work always.
create or replace function gatehouse.code_limits(
  out mails integer, out tries integer, out slow_tries integer, out slow_from integer, out link_from integer
)
language sql immutable
as $$
  select 10, 3, 1, 60, 200;
$$;
--> statement-breakpoint
comment on function gatehouse.code_limits() is 'How far six digits may be guessed: for an address, a mail and the deployment.';
--> statement-breakpoint
revoke all on function gatehouse.code_limits() from public;
--> statement-breakpoint
grant execute on function gatehouse.code_limits() to gatehouse_system;
--> statement-breakpoint
-- function: auth/code_tries
-- How many wrong codes a mail takes just now; 0: codes are not taken, and the link is asked for. It depends on the wrong codes
-- of all live mails, whatever they are for, read from their index, and no further than it takes to know.
create or replace function gatehouse.code_tries() returns integer
language plpgsql stable
as $$
declare
  v_limits record;
  v_wrong bigint;
begin
  select * into v_limits from gatehouse.code_limits();
  select sum(m.attempts) into v_wrong from (
    select l.attempts from public.magic_links l where l.expires_at > now() and l.attempts > 0
     limit v_limits.link_from) m;
  return case when v_wrong >= v_limits.link_from then 0
    when v_wrong >= v_limits.slow_from then v_limits.slow_tries else v_limits.tries end;
end $$;
--> statement-breakpoint
comment on function gatehouse.code_tries() is 'How many wrong codes a mail takes, by how many were typed lately.';
--> statement-breakpoint
revoke all on function gatehouse.code_tries() from public;
--> statement-breakpoint
grant execute on function gatehouse.code_tries() to gatehouse_system;
--> statement-breakpoint
-- function: auth/create_session
-- A new session row (requirement 3 §1.1) and its login_success. An administrator's session has the admin profile,
-- whatever was asked for.
-- p_session: {id, tokenHash, authMethod, profile, deviceType, deviceName, browser, os, ipAddress, city, country,
-- deviceInfo, location, credentialAt}
create or replace function gatehouse.create_session(p_user_id text, p_session jsonb) returns void
language plpgsql volatile
as $$
declare
  v_profile text := case when exists (select from public.users u where u.id = p_user_id and u.platform_role = 'admin')
    then 'admin' else coalesce(p_session->>'profile', 'default') end;
  v_limits record;
begin
  select * into v_limits from gatehouse.session_limits(v_profile);
  insert into public.user_sessions
    (id, user_id, session_token_hash, auth_method, profile, device_type, device_name, browser, os, ip_address,
     location_city, location_country, idle_timeout, expires_at, credential_at)
  values ((p_session->>'id')::uuid, p_user_id, p_session->>'tokenHash', p_session->>'authMethod', v_profile,
    p_session->>'deviceType', p_session->>'deviceName', p_session->>'browser', p_session->>'os',
    (p_session->>'ipAddress')::inet, p_session->>'city', p_session->>'country', v_limits.idle,
    now() + v_limits.absolute, (p_session->>'credentialAt')::timestamptz);
  perform gatehouse.record_login(p_user_id, 'login_success', null, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.create_session(text, jsonb) is 'Inserts a session and its login_success.';
--> statement-breakpoint
revoke all on function gatehouse.create_session(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.create_session(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/create_token
-- Makes a token for the subject. The person is told: whose it is, or who made it for an organisation or the deployment.
-- Definer: nobody writes tokens but these functions.
-- p_token: see insert_token; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.create_token(p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_created jsonb := gatehouse.insert_token(p_token);
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
begin
  if v_created->>'outcome' = 'created' and v_person is not null then
    perform gatehouse.record_login(v_person, 'token_created', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_person,
      gatehouse.token_alert('created'), p_facts->'alert', null, '{}'));
  end if;
  return v_created;
end $$;
--> statement-breakpoint
comment on function gatehouse.create_token(jsonb, jsonb) is 'Makes an API token for the subject.';
--> statement-breakpoint
revoke all on function gatehouse.create_token(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.create_token(jsonb, jsonb) to gatehouse_member, gatehouse_admin;
--> statement-breakpoint
-- function: auth/insert_token
-- A new token of this transaction's subject, at most fifty live ones, and 200 made in a day (a
-- service token is the deployment's own). Sent again with one id it is the same one; with
-- another secret or other input it is a conflict.
-- p_token: {id, tokenHash, prefix, name, scopes, seconds}. Answers {outcome: 'created' | an error code, expiresAt}.
create or replace function gatehouse.insert_token(p_token jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_kind text := gatehouse.token_owner_kind();
  v_id uuid := p_token->>'id';
  v_live bigint;
  v_made bigint;
begin
  perform gatehouse.lock_actor();
  perform from public.organizations o where o.id = gatehouse.organization_id() for no key update;
  v_live := case v_kind
    when 'personal' then (select count(*) from public.api_tokens t
      where t.user_id = gatehouse.uid() and t.revoked_at is null and t.expires_at > now())
    when 'organization' then (select count(*) from public.api_tokens t
      where t.organization_id = gatehouse.organization_id() and t.revoked_at is null and t.expires_at > now())
    else (select count(*) from public.api_tokens t
      where t.kind = 'service' and t.revoked_at is null and t.expires_at > now()) end;
  if v_live >= 50 and not exists (select from public.api_tokens t where t.id = v_id) then
    return '{"outcome": "token.limit_reached"}';
  end if;
  v_made := case v_kind
    when 'personal' then (select count(*) from public.api_tokens t
      where t.user_id = gatehouse.uid() and t.created_at > now() - interval '1 day')
    when 'organization' then (select count(*) from public.api_tokens t
      where t.organization_id = gatehouse.organization_id() and t.created_at > now() - interval '1 day')
    else 0 end;
  if v_made >= 200 and not exists (select from public.api_tokens t where t.id = v_id) then
    return '{"outcome": "token.limit_reached", "message": "200 API tokens were made within a day. Make the next one later."}';
  end if;
  insert into public.api_tokens
    (id, kind, user_id, organization_id, created_by, name, token_hash, token_prefix, scopes, expires_at)
  values (v_id, v_kind, gatehouse.uid(), gatehouse.organization_id(), gatehouse.actor_user_id(), p_token->>'name',
    p_token->>'tokenHash', p_token->>'prefix', p_token->'scopes',
    now() + make_interval(secs => (p_token->>'seconds')::double precision))
  on conflict (id) do nothing;
  return coalesce((
    select jsonb_build_object('outcome', 'created', 'expiresAt', t.expires_at) from public.api_tokens t
     where t.id = v_id and t.token_hash = p_token->>'tokenHash' and t.name = p_token->>'name'
       and t.scopes = p_token->'scopes' and t.kind = v_kind and t.user_id is not distinct from gatehouse.uid()
  ), '{"outcome": "idempotency_key.reused"}');
end $$;
--> statement-breakpoint
comment on function gatehouse.insert_token(jsonb) is 'Inserts an API token for the subject; at most fifty live ones.';
--> statement-breakpoint
revoke all on function gatehouse.insert_token(jsonb) from public;
--> statement-breakpoint
-- function: auth/is_outranked
-- Whether the account has an address that stood longer than the one that a mail went to. Who reads that mailbox has no say
-- over the account then: it may be a hijacker's, whose change the owner took back.
create or replace function gatehouse.is_outranked(p_alert public.security_alerts) returns boolean
language plpgsql stable
as $$
begin
  return coalesce((select gatehouse.standing_since(u.id, u.email) < p_alert.email_since
    from public.users u where u.id = p_alert.user_id), false);
end $$;
--> statement-breakpoint
comment on function gatehouse.is_outranked(public.security_alerts) is 'Whether the account has an address that stood longer than the mails.';
--> statement-breakpoint
revoke all on function gatehouse.is_outranked(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_outranked(public.security_alerts) to gatehouse_system;
--> statement-breakpoint
-- function: auth/link_social_account
-- Links an account at a provider to the subject, who must be the one that began it. Linked already is success; linked to
-- somebody else is refused. Definer: members write no credentials. p_identity: see store_social_account.
create or replace function gatehouse.link_social_account(p_begun_by text, p_identity jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_was_linked boolean;
begin
  if p_begun_by is distinct from v_user_id then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform gatehouse.lock_actor();
  v_was_linked := exists (
    select from public.oauth_accounts a where a.issuer = p_identity->>'issuer'
       and a.provider_user_id = p_identity->>'subject' and a.user_id = v_user_id);
  if gatehouse.store_social_account(v_user_id, p_identity) <> v_user_id then
    return '{"outcome": "social_account.linked_elsewhere"}';
  elsif v_was_linked then
    return '{"outcome": "linked"}';
  end if;
  perform gatehouse.record_login(v_user_id, 'account_linked', null, p_facts);
  return jsonb_build_object('outcome', 'linked',
    'alert', gatehouse.raise_alert(v_user_id, 'account_linked', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.link_social_account(text, jsonb, jsonb) is 'Links an account at a provider to the subject, who began it.';
--> statement-breakpoint
revoke all on function gatehouse.link_social_account(text, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_social_account(text, jsonb, jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/mailed_proof
-- A mailed proof as it is stored, whichever call stored it: {expiresAt, isLive, hasCode}. A mail whose link is used or
-- expired goes out no more.
create or replace function gatehouse.mailed_proof(p_id uuid) returns jsonb
language sql stable
as $$
  select jsonb_build_object('expiresAt', m.expires_at, 'isLive', m.used_at is null and m.expires_at > now(),
      'hasCode', m.code_hash is not null)
    from public.magic_links m where m.id = p_id;
$$;
--> statement-breakpoint
comment on function gatehouse.mailed_proof(uuid) is 'Until when a mailed proof is good, whether it still is, and whether it has a code.';
--> statement-breakpoint
revoke all on function gatehouse.mailed_proof(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.mailed_proof(uuid) to gatehouse_system;
--> statement-breakpoint
-- function: auth/may_mail_code
-- Whether one more mail to an address may have a code: so many do within a day (code_limits), for whatever they are. Codes
-- of a step-up count for the user too, whose address may have been another one this morning. Later mails have the link
-- alone, which works always, so nobody is kept out. p_user_id: of a step-up; null for other mails.
create or replace function gatehouse.may_mail_code(p_email text, p_user_id text) returns boolean
language plpgsql stable
as $$
declare
  v_mails integer := (select l.mails from gatehouse.code_limits() l);
begin
  return (
      select count(*) < v_mails from public.magic_links m
       where lower(m.email) = lower(p_email) and m.created_at > now() - interval '24 hours' and m.code_hash is not null)
    and (p_user_id is null or (
      select count(*) < v_mails from public.magic_links m
       where m.user_id = p_user_id and m.purpose = 'step_up' and m.created_at > now() - interval '24 hours'
         and m.code_hash is not null));
end $$;
--> statement-breakpoint
comment on function gatehouse.may_mail_code(text, text) is 'Whether one more mail to an address may have a code.';
--> statement-breakpoint
revoke all on function gatehouse.may_mail_code(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.may_mail_code(text, text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/preview_report
-- What the report of a mail would undo and what it could not, without undoing any of it. Answers {outcome: 'preview' | an
-- error code, isSpent, items, address, losses}.
create or replace function gatehouse.preview_report(p_token_hash text) returns jsonb
language plpgsql stable
as $$
declare
  v_alert public.security_alerts;
  v_from timestamptz;
  v_address jsonb;
  v_is_outranked boolean;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash;
  if v_alert.id is null or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    return '{"outcome": "preview", "isSpent": true, "items": [], "losses": []}';
  end if;
  v_from := gatehouse.report_start(v_alert);
  v_address := gatehouse.report_address(v_alert, v_from, '{}');
  v_is_outranked := coalesce(v_address->>'outcome' = 'outranked', false);
  return jsonb_build_object('outcome', 'preview', 'isSpent', false, 'address', v_address,
    'items', case when v_is_outranked then '[]' else gatehouse.report_items(v_alert.user_id, v_from) end,
    'losses', case when v_is_outranked then '[]' else gatehouse.report_losses(v_alert.user_id, v_from) end);
end $$;
--> statement-breakpoint
comment on function gatehouse.preview_report(text) is 'What the report of a mail about the account would undo.';
--> statement-breakpoint
revoke all on function gatehouse.preview_report(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.preview_report(text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/prove_mail
-- Holds the token of a mailed link, or its six digits, against the row: right purpose, right browser, in time, at most
-- three tries at the digits (ASVS 6.5.4), fewer or none while the deployment is being guessed at (code_tries). A code's row
-- is found by the browser's own secret, so nobody else's tries count against it. It answers and never raises, since raising
-- would roll the recorded failure back, and keeps the row locked. A code that let its sender in is recognised when the
-- answer was lost and it is sent again, whatever tries are left by then.
-- Answers {outcome: 'proven' | 'used' | an error code, linkId, attemptsLeft}.
-- p_proof: {tokenHash, browserHash} or {linkId, codeHashes (one per lookup key), browserHash}; p_facts: see record_login
create or replace function gatehouse.prove_mail(p_purpose text, p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
  v_outcome text := 'proven';
  v_tries integer := case when p_proof ? 'tokenHash' then 0 else gatehouse.code_tries() end;
begin
  if p_proof ? 'tokenHash' then
    select * into v_link from public.magic_links
     where token_hash = p_proof->>'tokenHash' and purpose = p_purpose for update;
  else
    select * into v_link from public.magic_links
     where id = (p_proof->>'linkId')::uuid and purpose = p_purpose and browser_hash = p_proof->>'browserHash' for update;
  end if;
  if v_link.id is null then
    v_outcome := case when p_proof ? 'tokenHash' then 'magic_link.invalid' else 'code.invalid' end;
  elsif v_link.browser_hash is distinct from p_proof->>'browserHash' then
    v_outcome := 'magic_link.other_browser';
  elsif v_link.used_at is not null and p_proof->'codeHashes' ? v_link.code_hash then
    return jsonb_build_object('outcome', 'used', 'linkId', v_link.id);
  elsif not p_proof ? 'tokenHash' and (v_link.code_hash is null or v_tries = 0) then
    return '{"outcome": "code.link_required"}';
  elsif not p_proof ? 'tokenHash' and v_link.attempts >= v_tries then
    return jsonb_build_object('outcome', 'code.exhausted', 'attemptsLeft', 0);
  elsif not p_proof ? 'tokenHash' and not p_proof->'codeHashes' ? v_link.code_hash then
    v_outcome := 'code.invalid';
    update public.magic_links set attempts = attempts + 1 where id = v_link.id;
  elsif v_link.used_at is not null then
    return jsonb_build_object('outcome', 'used', 'linkId', v_link.id);
  elsif v_link.expires_at <= now() then
    v_outcome := 'magic_link.expired';
  end if;
  if v_outcome <> 'proven' and v_link.user_id is not null then
    perform gatehouse.record_login(v_link.user_id, 'login_failed', v_outcome, p_facts);
  end if;
  return jsonb_build_object('outcome', v_outcome, 'linkId', v_link.id,
    'attemptsLeft', case v_outcome when 'code.invalid' then v_tries - 1 - v_link.attempts end);
end $$;
--> statement-breakpoint
comment on function gatehouse.prove_mail(text, jsonb, jsonb) is 'Holds a mailed link or code against its row: proven, used, or why not.';
--> statement-breakpoint
revoke all on function gatehouse.prove_mail(text, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.prove_mail(text, jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/raise_alert
-- A mail to the user about the account, with its "this wasn't me". The Worker made the secret and writes the mail; here
-- is its SHA-256, for seven days. Null when there is no verified address to write to. Sent twice it is one alert.
-- p_alert: {id, tokenHash}
create or replace function gatehouse.raise_alert(p_user_id text, p_kind text, p_alert jsonb, p_session_id uuid, p_details jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_email text := (select u.email from public.users u where u.id = p_user_id and u.email_verified_at is not null);
begin
  if v_email is null then
    return null;
  end if;
  insert into public.security_alerts
    (id, user_id, kind, token_hash, session_id, details, email, email_since, expires_at)
  values ((p_alert->>'id')::uuid, p_user_id, p_kind, p_alert->>'tokenHash', p_session_id, p_details, v_email,
    gatehouse.standing_since(p_user_id, v_email), now() + interval '7 days')
  on conflict (id) do nothing;
  return jsonb_build_object('kind', p_kind, 'email', v_email);
end $$;
--> statement-breakpoint
comment on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) is 'Notes a mail about the account that somebody may disown; answers {kind, email}, or null without a verified address.';
--> statement-breakpoint
revoke all on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/refresh_session
-- The person behind the session that entered has proven anew who they are. The secret changes with it (ASVS 7.2.4): what
-- was known before the proof is worth nothing after it. The caller has locked and judged the actor. p_session: {tokenHash},
-- credentialAt where a passkey proved it, and the facts of record_login
create or replace function gatehouse.refresh_session(p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_expires_at timestamptz;
begin
  update public.user_sessions set authenticated_at = now(), session_token_hash = p_session->>'tokenHash',
         credential_at = coalesce((p_session->>'credentialAt')::timestamptz, credential_at)
   where id = gatehouse.actor_id() and user_id = gatehouse.uid() and revoked_at is null
  returning expires_at into v_expires_at;
  perform gatehouse.record_login(gatehouse.uid(), 'login_success', null, p_session);
  return jsonb_build_object('outcome', 'stepped_up', 'expiresAt', v_expires_at);
end $$;
--> statement-breakpoint
comment on function gatehouse.refresh_session(jsonb) is 'The session that entered has proven anew who it is: new secret, new time.';
--> statement-breakpoint
revoke all on function gatehouse.refresh_session(jsonb) from public;
--> statement-breakpoint
-- function: auth/register_passkey
-- Adds a passkey to the subject, at most ten (as Supabase, Hanko and Clerk), and tells the owner. Definer, since members
-- write no credentials. The same operation sent again succeeds.
-- p_passkey: {id, credentialId, publicKey, aaguid (hex), counter, name, transports, backedUp, challengeHash,
-- challengeExpiresAt, purpose, operationId}; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.register_passkey(p_passkey jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_spent text;
begin
  perform gatehouse.lock_actor();
  v_spent := gatehouse.spend_challenge(p_passkey);
  if v_spent = 'used' then
    return '{"outcome": "passkey.challenge_used"}';
  elsif v_spent = 'spent' then
    if (select count(*) from public.passkeys p where p.user_id = v_user_id) >= 10 then
      return '{"outcome": "passkey.limit_reached"}';
    end if;
    insert into public.passkeys
      (id, user_id, credential_id, public_key, counter, device_name, transports, aaguid, backed_up)
    values ((p_passkey->>'id')::uuid, v_user_id, decode(p_passkey->>'credentialId', 'hex'),
      decode(p_passkey->>'publicKey', 'hex'), (p_passkey->>'counter')::bigint, p_passkey->>'name',
      p_passkey->'transports', decode(p_passkey->>'aaguid', 'hex'), (p_passkey->>'backedUp')::boolean)
    on conflict (credential_id) do nothing;
    if not found then
      return '{"outcome": "passkey.exists"}';
    end if;
    perform gatehouse.record_login(v_user_id, 'passkey_added', null, p_facts);
  end if;
  return jsonb_build_object('outcome', case when exists (
      select from public.passkeys p where p.id = (p_passkey->>'id')::uuid and p.user_id = v_user_id)
      then 'registered' else 'passkey.challenge_used' end,
    'alert', gatehouse.raise_alert(v_user_id, 'passkey_added', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.register_passkey(jsonb, jsonb) is 'Adds a passkey whose attestation the Worker has checked; at most ten.';
--> statement-breakpoint
revoke all on function gatehouse.register_passkey(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.register_passkey(jsonb, jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/remove_passkey
-- Removes a passkey of the subject under the lock of the user's row, unless it is the last way in (promise 5). Definer,
-- since members delete no credentials. Answers {outcome: 'removed' | an error code, alert}.
create or replace function gatehouse.remove_passkey(p_passkey_id uuid, p_providers text[], p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
begin
  perform gatehouse.lock_actor();
  if gatehouse.has_happened(p_facts) then
    return '{"outcome": "removed"}';
  elsif not exists (select from public.passkeys p where p.id = p_passkey_id and p.user_id = v_user_id) then
    return '{"outcome": "passkey.not_found"}';
  elsif gatehouse.ways_in(v_user_id, p_providers) <= 1 then
    return '{"outcome": "credential.last"}';
  end if;
  delete from public.passkeys where id = p_passkey_id and user_id = v_user_id;
  perform gatehouse.record_login(v_user_id, 'passkey_removed', null, p_facts);
  return jsonb_build_object('outcome', 'removed',
    'alert', gatehouse.raise_alert(v_user_id, 'passkey_removed', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.remove_passkey(uuid, text[], jsonb) is 'Removes a passkey of the subject, unless it is the last way in.';
--> statement-breakpoint
revoke all on function gatehouse.remove_passkey(uuid, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.remove_passkey(uuid, text[], jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/report_address
-- What a report may do about the address. It goes back to the one before the earliest change since p_from that the person
-- does not keep, that was not undone, and that did not take the address from one that stood longer than this mail's: only
-- that one's own mail may bring it back. 'outranked': the account's present address stood longer than this mail's, whose
-- report then does nothing at all. Null where nothing was changed. Answers {previous, current, outcome: 'restored' |
-- 'there' (it has it again already) | 'kept' | 'other' | 'taken' | 'final' | 'outranked', undone and kept: [{changeId,
-- previous, current, changedAt}]}.
create or replace function gatehouse.report_address(p_alert public.security_alerts, p_from timestamptz, p_keep uuid[])
returns jsonb
language plpgsql stable
as $$
declare
  v public.email_changes;
  v_current text := (select u.email from public.users u where u.id = p_alert.user_id);
  v_undone jsonb;
  v_kept jsonb;
begin
  if gatehouse.is_outranked(p_alert) then
    return jsonb_build_object('previous', p_alert.email, 'current', v_current, 'outcome', 'outranked',
      'undone', jsonb_build_array(), 'kept', jsonb_build_array());
  end if;
  select * into v from public.email_changes c
   where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and c.id <> all (p_keep)
     and (p_alert.email_since is null or c.previous_since >= p_alert.email_since)
   order by c.is_final, c.created_at, c.id limit 1;
  select coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where not l.is_kept), '[]'),
         coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where l.is_kept), '[]')
    into v_undone, v_kept
    from (
      select c.id, c.created_at, v.id is null or (c.created_at, c.id) < (v.created_at, v.id) as is_kept,
             jsonb_build_object('changeId', c.id, 'previous', c.previous_email, 'current', c.email,
               'changedAt', c.created_at) as change
        from public.email_changes c
       where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and not c.is_final
         and (c.id = any (p_keep) or (c.created_at, c.id) >= (v.created_at, v.id))) l;
  if v.id is null and v_kept = '[]' then
    return null;
  end if;
  return jsonb_build_object('previous', v.previous_email, 'current', v_current, 'undone', v_undone, 'kept', v_kept,
    'outcome', case
      when v.id is null then 'kept'
      when v.is_final then 'final'
      when p_alert.email is null then 'other'
      when lower(v.previous_email) = lower(v_current) then 'there'
      when exists (select from public.users u where lower(u.email) = lower(v.previous_email)) then 'taken'
      else 'restored' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) is 'What a report may do about the address.';
--> statement-breakpoint
revoke all on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_grants
-- The connections that a person granted, or granted anew, since a moment: those of the user, whoever it was, and those of
-- organisations and others that a credential of the user granted, the tokens that the user made for organisations and the
-- deployment among them. Tokens that one credential brings again and again are one event an hour (keep_tokens): so an event
-- of the hour before counts as well where something was granted since. By connection, whose trail has an index.
create or replace function gatehouse.report_grants(p_user_id text, p_from timestamptz)
returns table (connection_id uuid, granted_at timestamptz)
language plpgsql stable
as $$
begin
  return query
    select c.id, coalesce(min(e.created_at) filter (where e.created_at >= p_from), max(e.created_at))
      from public.oauth_connections c
      join public.connection_events e on e.connection_id = c.id and e.created_at >= p_from - interval '1 hour'
     where c.id in (
         select o.id from public.oauth_connections o where o.user_id = p_user_id
         union select o.id from public.oauth_connections o where o.created_by = p_user_id
         union select o.id from public.memberships m join public.oauth_connections o on o.organization_id = m.organization_id
          where m.user_id = p_user_id)
       and e.event in ('connected', 'reconnected', 'recovered')
       and (e.created_at >= p_from or c.granted_at >= p_from)
       and (c.user_id = p_user_id and e.actor_kind in ('session', 'personal')
         or e.actor_id in (select s.id::text from public.user_sessions s where s.user_id = p_user_id
             union all select t.id::text from public.api_tokens t where t.user_id = p_user_id
             union all select m.id::text from public.api_tokens m where m.created_by = p_user_id))
     group by c.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.report_grants(text, timestamptz) is 'The connections that a person granted since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_grants(text, timestamptz) from public;
--> statement-breakpoint
-- function: auth/report_items
-- What a person added to an account since a moment, and elsewhere by its credentials: what a report takes away, and what
-- the person may tick as their own. Links and connections raise no mail, so no alert says when a hijacker began with them:
-- they go back a day further. What was granted or linked anew is among it whole: what it was before is not kept. What a
-- trusted backend brought is not. Definer, since the system reads no memberships. Answers [{kind, id, name, createdAt}].
create or replace function gatehouse.report_items(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_unmailed_from timestamptz := p_from - interval '1 day';
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'id', i.id, 'name', i.name, 'createdAt', i.created_at)
             order by i.created_at, i.id), '[]')
      from (
        select 'passkey' as kind, p.id, p.device_name as name, p.created_at
          from public.passkeys p where p.user_id = p_user_id and p.created_at >= p_from
        union all
        select 'social_account', a.id, a.provider, a.created_at
          from public.oauth_accounts a where a.user_id = p_user_id and a.created_at >= p_from
        union all
        select t.kind || '_token', t.id, t.name, t.created_at
          from public.api_tokens t
         where t.id in (select o.id from public.api_tokens o where o.user_id = p_user_id
             union select c.id from public.api_tokens c where c.created_by = p_user_id)
           and t.created_at >= p_from and t.revoked_at is null
        union all
        select 'integration', ui.id, s.name, l.linked_at
          from gatehouse.report_links(p_user_id, v_unmailed_from) l join public.user_integrations ui on ui.id = l.integration_id
          join public.services s on s.id = ui.service_id
        union all
        select 'connection', c.id, c.connector_id, g.granted_at
          from gatehouse.report_grants(p_user_id, v_unmailed_from) g join public.oauth_connections c on c.id = g.connection_id) i);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_items(text, timestamptz) is 'What a person added to an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_items(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_items(text, timestamptz) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_kept
-- The ids that a person keeps of what a report would undo. A kept integration keeps the connection that serves it, and a
-- kept connection the integrations on it: one without the other would be lost or of no use.
create or replace function gatehouse.report_kept(p_items jsonb, p_keep jsonb) returns uuid[]
language plpgsql stable
as $$
declare
  v_items uuid[] := array(select (i->>'id')::uuid from jsonb_array_elements(p_items) i);
  v_keep uuid[] := array(select k::uuid from jsonb_array_elements_text(coalesce(p_keep, '[]')) k);
begin
  return array(
    select unnest(v_keep)
    union select ui.connection_id from public.user_integrations ui where ui.id = any (v_keep) and ui.id = any (v_items)
      and ui.connection_id = any (v_items)
    union select ui.id from public.user_integrations ui
     where ui.id = any (v_items) and ui.connection_id = any (v_keep) and ui.connection_id = any (v_items));
end $$;
--> statement-breakpoint
comment on function gatehouse.report_kept(jsonb, jsonb) is 'The ids that a person keeps of what a report would undo.';
--> statement-breakpoint
revoke all on function gatehouse.report_kept(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_kept(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_links
-- The links that a person made, or linked again, since a moment: those of the user, whoever it was, and those of others that
-- the user made. One that was linked again within the hour before, and changed since, may have been linked again since by
-- the same credential: see note_link.
create or replace function gatehouse.report_links(p_user_id text, p_from timestamptz)
returns table (integration_id uuid, linked_at timestamptz)
language plpgsql stable
as $$
begin
  return query
    select l.id, min(l.at) from (
      select ui.id, ui.created_at as at
        from public.user_integrations ui
       where ui.id in (select o.id from public.user_integrations o where o.user_id = p_user_id and o.created_by is not null
           union select c.id from public.user_integrations c where c.created_by = p_user_id)
         and ui.created_at >= p_from
      union all
      select ui.id, e.created_at
        from public.connection_events e join public.user_integrations ui on ui.id = e.connection_id
       where e.id in (
           select o.id from public.connection_events o where o.user_id = p_user_id and o.event = 'integration.linked'
              and o.created_at >= p_from - interval '1 hour'
           union select a.id from public.connection_events a where a.actor_user_id = p_user_id
              and a.event = 'integration.linked' and a.created_at >= p_from - interval '1 hour')
         and (e.created_at >= p_from or ui.updated_at >= p_from and not exists (
           select from public.connection_events u where u.connection_id = e.connection_id
              and u.event = 'integration.unlinked' and u.created_at > e.created_at))) l
     group by l.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.report_links(text, timestamptz) is 'The links that a person made since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_links(text, timestamptz) from public;
--> statement-breakpoint
-- function: auth/report_losses
-- What was taken from an account since a moment, or elsewhere by its credentials, and no report can bring back; and how many
-- tokens were used that the user made for organisations or the deployment: nothing tells all that they did. Answers
-- [{kind, count}].
create or replace function gatehouse.report_losses(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'count', l.count) order by l.kind), '[]')
      from (
        select h.event_type as kind, count(*) as count from public.login_history h
         where h.user_id = p_user_id and h.created_at >= p_from and h.success
           and h.event_type in ('passkey_removed', 'account_unlinked', 'token_revoked', 'token_rotated')
         group by h.event_type
        union all
        select case e.event when 'disconnected' then 'connection_disconnected' else 'integration_unlinked' end,
               count(distinct e.connection_id)
          from public.connection_events e
         where e.id in (
             select o.id from public.connection_events o where o.user_id = p_user_id and o.created_at >= p_from
             union select a.id from public.connection_events a where a.actor_user_id = p_user_id and a.created_at >= p_from)
           and e.actor_kind in ('session', 'personal')
           and (e.event = 'disconnected' or e.event = 'integration.unlinked' and not exists (
             select from public.user_integrations ui
              where ui.id = e.connection_id and (ui.is_active or ui.created_at >= p_from)))
         group by e.event
        union all
        select 'service_token_used', count(*) from public.api_tokens t
         where t.created_by = p_user_id and t.kind <> 'personal' and t.created_at >= p_from and t.last_used_at is not null
        having count(*) > 0) l);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_losses(text, timestamptz) is 'What was taken from an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_losses(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_losses(text, timestamptz) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_mails
-- Whom a report is told to: every address that the account has, or had since p_from, and that of the mail itself. Asked
-- after the report. Answers [{email, role: 'owner' (has the account) | 'given_up' (had it until now) | 'other'}].
create or replace function gatehouse.report_mails(p_alert public.security_alerts, p_from timestamptz, p_before text) returns jsonb
language plpgsql stable
as $$
declare
  v_now text := (select u.email from public.users u where u.id = p_alert.user_id);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('email', m.email, 'role', case
               when lower(m.email) = lower(v_now) then 'owner' when lower(m.email) = lower(p_before) then 'given_up'
               else 'other' end) order by m.email), '[]')
      from (
        select distinct on (lower(a.email)) a.email
          from (
            select v_now as email union all select p_before union all select p_alert.email
            union all select unnest(array[c.previous_email, c.email]) from public.email_changes c
              where c.user_id = p_alert.user_id and c.created_at >= p_from) a
         where a.email is not null) m);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_mails(public.security_alerts, timestamptz, text) is 'Whom a report is told to.';
--> statement-breakpoint
revoke all on function gatehouse.report_mails(public.security_alerts, timestamptz, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_mails(public.security_alerts, timestamptz, text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_not_me
-- "This wasn't me", of the mail of an alert: see docs/security.md, "This wasn't me: both directions". Whoever was signed in
-- is out; what was added since the earliest alert that waits for a report is gone, but for what the person keeps; the
-- address is changed back where this mail may do so. A mail whose address the present one outranks does nothing, and stays
-- unspent. Done once: sent again it answers what it came to. The user's row is locked first; what waits for it is judged
-- again when it gets it (gatehouse.lock_actor), or finds its link expired.
-- p_facts: see record_login, plus keep [ids] and operationId. Answers {outcome: 'secured' | an error code, operationId,
-- isRepeated, isOfOtherMail, sessionsEnded, undone, kept, address, losses, mails (for the same operation alone)}.
create or replace function gatehouse.report_not_me(p_token_hash text, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_alert public.security_alerts;
  v_before text;
  v_from timestamptz;
  v_items jsonb;
  v_keep uuid[];
  v_report jsonb;
  v_address jsonb;
  v_sessions integer;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash;
  select u.email into v_before from public.users u where u.id = v_alert.user_id for no key update;
  select * into v_alert from public.security_alerts where id = v_alert.id for update;
  if v_alert.id is null or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    -- Spent by the report of another mail, whose reader alone is told what it came to.
    v_report := coalesce(v_alert.report, '{"outcome": "secured", "isOfOtherMail": true, "sessionsEnded": 0, "undone": [],
      "kept": [], "losses": []}');
    return v_report || jsonb_build_object('isRepeated', v_report->>'operationId' is distinct from p_facts->>'operationId',
      'mails', case
      when v_report->>'operationId' = p_facts->>'operationId' then v_report->'mails' else '[]' end);
  end if;
  v_from := gatehouse.report_start(v_alert);
  v_keep := array(select k::uuid from jsonb_array_elements_text(coalesce(p_facts->'keep', '[]')) k);
  v_address := gatehouse.report_address(v_alert, v_from, v_keep);
  if v_address->>'outcome' = 'outranked' then
    return jsonb_build_object('outcome', 'secured', 'isRepeated', false, 'address', v_address) || '{"sessionsEnded": 0,
      "undone": [], "kept": [], "losses": [], "mails": []}';
  end if;
  v_items := gatehouse.report_items(v_alert.user_id, v_from);
  v_keep := gatehouse.report_kept(v_items, p_facts->'keep');
  v_report := jsonb_build_object('outcome', 'secured', 'operationId', p_facts->>'operationId', 'address', v_address,
    'losses', gatehouse.report_losses(v_alert.user_id, v_from),
    'undone', jsonb_path_query_array(v_items, '$[*] ? (!(@.id == $keep[*]))', jsonb_build_object('keep', to_jsonb(v_keep))),
    'kept', jsonb_path_query_array(v_items, '$[*] ? (@.id == $keep[*])', jsonb_build_object('keep', to_jsonb(v_keep))));
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = v_alert.user_id and s.revoked_at is null
     order by s.id for update);
  get diagnostics v_sessions = row_count;
  perform gatehouse.undo_items(v_alert.user_id, v_report->'undone');
  delete from public.known_devices where user_id = v_alert.user_id and created_at >= v_from;
  -- Not now(): a sign-in that waits for our lock began earlier, and by its now() the link would still be good.
  update public.magic_links set expires_at = created_at where user_id = v_alert.user_id and used_at is null;
  update public.oauth_states set used_at = now() where user_id = v_alert.user_id and used_at is null;
  if v_address->>'outcome' in ('restored', 'there') then
    update public.users set email = v_address->>'previous', email_verified_at = now()
     where id = v_alert.user_id and v_address->>'outcome' = 'restored';
    update public.email_changes set undone_at = now()
     where user_id = v_alert.user_id and undone_at is null
       and id in (select (c->>'changeId')::uuid from jsonb_array_elements(v_address->'undone') c);
  end if;
  v_report := v_report || jsonb_build_object('sessionsEnded', v_sessions,
    'mails', gatehouse.report_mails(v_alert, v_from, v_before));
  -- Alerts of an address that stood longer stay: no report of a later one takes their owner's word away.
  update public.security_alerts set used_at = now()
   where user_id = v_alert.user_id and used_at is null and (id = v_alert.id or email_since >= v_alert.email_since);
  update public.security_alerts set report = v_report where id = v_alert.id;
  perform gatehouse.record_login(v_alert.user_id, 'account_secured', null, p_facts);
  return v_report || '{"isRepeated": false}';
end $$;
--> statement-breakpoint
comment on function gatehouse.report_not_me(text, jsonb) is 'Ends every session of an alerts user and undoes what was added since.';
--> statement-breakpoint
revoke all on function gatehouse.report_not_me(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_not_me(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/report_start
-- From when on a report of a mail undoes: the earliest alert that waits for a report and went to the same address, or to one
-- that came later; or the change of address that it tells of. Minus fifteen seconds: a row that waited for a lock carries
-- the time at which its own transaction began.
create or replace function gatehouse.report_start(p_alert public.security_alerts) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select min(least(a.created_at, c.created_at)) - interval '15 seconds'
      from public.security_alerts a
      left join public.email_changes c on c.user_id = a.user_id and c.id = (a.details->>'changeId')::uuid
     where a.user_id = p_alert.user_id and a.used_at is null and a.expires_at > now()
       and (a.id = p_alert.id or p_alert.email_since is null or a.email_since >= p_alert.email_since));
end $$;
--> statement-breakpoint
comment on function gatehouse.report_start(public.security_alerts) is 'From when on a report of a mail undoes what was added.';
--> statement-breakpoint
revoke all on function gatehouse.report_start(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_start(public.security_alerts) to gatehouse_system;
--> statement-breakpoint
-- function: auth/request_magic_link
-- Stores a magic link for an address, known or not, and says which mail to send: sign_in, sign_up, or sign_up_closed.
-- Whether it has a code is may_mail_code's to say.
-- The work is the same for every address, so its time tells nothing; a link that no mail carries can't be redeemed.
-- Sent twice with one id it stores once; with other input it answers 'conflict'. What is stored: mailed_proof.
-- p_link: {id, email, tokenHash, codeHash, browserHash, redirectUrl, ipAddress, seconds, signUpOpen}
create or replace function gatehouse.request_magic_link(p_link jsonb) returns text
language plpgsql volatile
as $$
declare
  v_user_id text := (select u.id from public.users u where lower(u.email) = lower(p_link->>'email'));
begin
  insert into public.magic_links
    (id, user_id, email, token_hash, code_hash, browser_hash, redirect_url, ip_address, expires_at)
  values ((p_link->>'id')::uuid, v_user_id, p_link->>'email', p_link->>'tokenHash',
    case when gatehouse.may_mail_code(p_link->>'email', null) then p_link->>'codeHash' end, p_link->>'browserHash',
    p_link->>'redirectUrl', (p_link->>'ipAddress')::inet, now() + make_interval(secs => (p_link->>'seconds')::integer))
  on conflict (id) do nothing;
  if not found and not exists (
    select from public.magic_links m
     where m.id = (p_link->>'id')::uuid and m.purpose = 'sign_in' and lower(m.email) = lower(p_link->>'email')
       and m.token_hash = p_link->>'tokenHash' and m.redirect_url is not distinct from p_link->>'redirectUrl'
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
--> statement-breakpoint
-- function: auth/request_proof_mail
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
--> statement-breakpoint
-- function: auth/reservation
-- The change that keeps an address reserved for the account that had it: for seven days nobody else gets it. All null
-- when it is free. A change that was undone, or is final, reserves nothing.
create or replace function gatehouse.reservation(p_email text) returns public.email_changes
language plpgsql stable
as $$
declare
  v public.email_changes;
begin
  select * into v from public.email_changes c
   where lower(c.previous_email) = lower(p_email) and c.undone_at is null and not c.is_final
     and c.created_at > now() - interval '7 days'
   order by c.created_at desc, c.id desc limit 1;
  return v;
end $$;
--> statement-breakpoint
comment on function gatehouse.reservation(text) is 'The change of address that keeps an address reserved.';
--> statement-breakpoint
revoke all on function gatehouse.reservation(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.reservation(text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/revoke_other_sessions
-- Ends every session of the subject but the one that asks, and notes it; sent again it answers the same number. Locks in the order of ids, so that two of these
-- cannot deadlock. Definer, since members write neither sessions nor history.
create or replace function gatehouse.revoke_other_sessions(p_facts jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_revoked integer;
begin
  -- One that found none left nothing in the history.
  if gatehouse.has_happened(p_facts) or gatehouse.is_repeated('revoke') then
    -- Those that ended in the same transaction.
    return (select count(*) from public.user_sessions s join public.login_history h on h.user_id = s.user_id
      where h.id = (p_facts->>'eventId')::uuid and s.user_id = gatehouse.uid() and s.revoked_at = h.created_at);
  end if;
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s
     where s.user_id = gatehouse.uid() and s.revoked_at is null and s.id is distinct from gatehouse.actor_id()
     order by s.id for update);
  get diagnostics v_revoked = row_count;
  if v_revoked > 0 then
    perform gatehouse.record_login(gatehouse.uid(), 'session_revoked', null, p_facts);
  end if;
  perform gatehouse.keep_effect('revoke', 'true');
  return v_revoked;
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_other_sessions(jsonb) is 'Ends every session of the subject but the one that asks; how many.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_other_sessions(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_other_sessions(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/revoke_token
-- Ends a token of the subject, once; false when the subject has none of that id. It is in the history of a person: whose it
-- was, or who ended it for an organisation or the deployment. Definer, as create_token.
create or replace function gatehouse.revoke_token(p_token_id uuid, p_facts jsonb) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_token public.api_tokens := gatehouse.own_token(p_token_id);
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
begin
  if v_token.id is not null and v_token.revoked_at is null then
    update public.api_tokens set revoked_at = now() where id = v_token.id;
    if v_person is not null then
      perform gatehouse.record_login(v_person, 'token_revoked', null, p_facts);
    end if;
  end if;
  return v_token.id is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_token(uuid, jsonb) is 'Ends an API token of the subject; whether there is one.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_token(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_token(uuid, jsonb) to gatehouse_member, gatehouse_admin;
--> statement-breakpoint
-- function: auth/rotate_token
-- Replaces a live token, once: the new one has its name, scopes and lifetime; the old one ends after the overlap, so that
-- every place that uses it can be changed first. Told to a person as create_token does. Definer, as create_token.
-- p_token: {id, tokenHash, prefix, overlapSeconds}. Answers {outcome: 'created' | an error code, name, scopes, expiresAt}.
create or replace function gatehouse.rotate_token(p_token_id uuid, p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_old public.api_tokens;
  v_is_repeated boolean := exists (select from public.api_tokens t
    where t.id = (p_token->>'id')::uuid and t.token_hash = p_token->>'tokenHash');
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
  v_created jsonb;
begin
  perform gatehouse.lock_actor();
  v_old := gatehouse.own_token(p_token_id);
  if v_old.id is null or not v_is_repeated
      and (v_old.revoked_at is not null or v_old.expires_at <= now() or v_old.rotated_at is not null) then
    return '{"outcome": "token.not_found"}';
  end if;
  v_created := gatehouse.insert_token(p_token || jsonb_build_object('name', v_old.name, 'scopes', v_old.scopes,
    'seconds', least(extract(epoch from v_old.expires_at - v_old.created_at), 365 * 86400)));
  if v_created->>'outcome' = 'created' and not v_is_repeated then
    update public.api_tokens set rotated_at = now(),
           expires_at = least(expires_at, now() + make_interval(secs => (p_token->>'overlapSeconds')::integer))
     where id = v_old.id;
  end if;
  if v_created->>'outcome' = 'created' and v_person is not null then
    perform gatehouse.record_login(v_person, 'token_rotated', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_person,
      gatehouse.token_alert('rotated'), p_facts->'alert', null, '{}'));
  end if;
  return v_created || jsonb_build_object('name', v_old.name, 'scopes', v_old.scopes);
end $$;
--> statement-breakpoint
comment on function gatehouse.rotate_token(uuid, jsonb, jsonb) is 'Replaces an API token; the old one lives on for an overlap.';
--> statement-breakpoint
revoke all on function gatehouse.rotate_token(uuid, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.rotate_token(uuid, jsonb, jsonb) to gatehouse_member, gatehouse_admin;
--> statement-breakpoint
-- function: auth/sign_in
-- Signs a user in who has proven who they are; the caller holds the lock on the user's row, and has refused a suspended
-- one. Twenty sessions at the most, the one unused for longest goes (ASVS 7.1.2). A browser not seen before is told to
-- the user by mail, but for the very first one. The session that this browser had before ends, whoever's it was.
-- p_session: see create_session, plus deviceHash, alert {id, tokenHash} and replaces: the SHA-256 of that session's secret.
create or replace function gatehouse.sign_in(p_user_id text, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_session_id uuid := p_session->>'id';
  v_replaced_id uuid;
  v_ended record;
  v_is_first boolean := not exists (select from public.user_sessions s where s.user_id = p_user_id)
    and not exists (select from public.known_devices d where d.user_id = p_user_id);
  v_is_known boolean := exists (
    select from public.known_devices d where d.user_id = p_user_id and d.device_hash = p_session->>'deviceHash');
begin
  perform gatehouse.create_session(p_user_id, p_session);
  select s.id into v_replaced_id from public.user_sessions s
   where s.session_token_hash = p_session->>'replaces' and s.id <> v_session_id and s.expires_at > now();
  for v_ended in update public.user_sessions set revoked_at = now() where id in (
    select l.id from public.user_sessions l where l.revoked_at is null and l.id in (
      (select s.id from public.user_sessions s
        where s.user_id = p_user_id and s.revoked_at is null and s.expires_at > now()
          and s.id not in (v_session_id, coalesce(v_replaced_id, v_session_id))
        order by s.last_active_at desc, s.id desc offset 19)
      union all select v_replaced_id)
    order by l.id for update)
  returning id, user_id loop
    if v_ended.id = v_replaced_id then
      perform gatehouse.record_login(v_ended.user_id, 'session_revoked', null, p_session - 'authMethod');
    end if;
  end loop;
  if p_session->>'deviceHash' is not null then
    insert into public.known_devices (user_id, device_hash) values (p_user_id, p_session->>'deviceHash')
      on conflict (user_id, device_hash) do update set last_seen_at = now();
  end if;
  if not v_is_known and not v_is_first then
    perform gatehouse.raise_alert(p_user_id, 'new_device', p_session->'alert', v_session_id, '{}');
  end if;
  return gatehouse.session_answer(p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in(text, jsonb) is 'Signs a proven user in: session, history, known device, at most twenty sessions.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/sign_in_by_mail
-- Turns a proven mail into a session, once, and makes the user at their first. The same (proof, session) pair sent again
-- gets the same success. The user's row is locked before the link's, since a report ("this wasn't me") expires links under
-- that lock: a sign-in that waited for it finds its link expired. p_proof: see prove_mail; p_session: see sign_in, plus newUserId and signUpOpen.
create or replace function gatehouse.sign_in_by_mail(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_proof jsonb;
  v_link record;
  v_user record;
begin
  if p_proof ? 'tokenHash' then
    select * into v_link from public.magic_links where token_hash = p_proof->>'tokenHash';
  else
    select * into v_link from public.magic_links where id = (p_proof->>'linkId')::uuid;
  end if;
  -- Whoever did not ask for the link takes no lock by it.
  if v_link.browser_hash = p_proof->>'browserHash' then
    perform from public.users u where lower(u.email) = lower(v_link.email) for no key update;
  end if;
  v_proof := gatehouse.prove_mail('sign_in', p_proof, p_session);
  select * into v_link from public.magic_links where id = (v_proof->>'linkId')::uuid;
  if v_proof->>'outcome' = 'used' then
    return coalesce(case when v_link.session_id = (p_session->>'id')::uuid
      then gatehouse.session_answer(p_session) || jsonb_build_object('redirectUrl', v_link.redirect_url) end,
      '{"outcome": "magic_link.used"}');
  elsif v_proof->>'outcome' <> 'proven' then
    return v_proof;
  end if;
  select u.id, u.suspended_at into v_user from public.users u where lower(u.email) = lower(v_link.email) for no key update;
  if v_link.user_id <> v_user.id then
    -- The address was another account's when the mail was asked for.
    return '{"outcome": "magic_link.invalid"}';
  elsif v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return '{"outcome": "user.suspended"}';
  elsif v_user.id is null then
    if (gatehouse.reservation(v_link.email)).id is not null then
      return jsonb_build_object('outcome', 'email.moved', 'alert',
        gatehouse.tell_moved(v_link.email, p_session->'alert'));
    elsif not (p_session->>'signUpOpen')::boolean then
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
    perform gatehouse.strip_unproven_but(v_user.id, null);
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
-- function: auth/sign_in_by_passkey
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
--> statement-breakpoint
-- function: auth/sign_in_by_provider
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
--> statement-breakpoint
-- function: auth/standing_since
-- Since when an address is, or was, that of an account: what decides which mail's report outranks which. An address that
-- the account comes back to has its old place again.
create or replace function gatehouse.standing_since(p_user_id text, p_email text) returns timestamptz
language plpgsql stable
as $$
begin
  return coalesce(
    (select min(c.previous_since) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.previous_email) = lower(p_email)),
    (select max(c.created_at) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.email) = lower(p_email)),
    (select u.created_at from public.users u where u.id = p_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.standing_since(text, text) is 'Since when an address is that of an account.';
--> statement-breakpoint
revoke all on function gatehouse.standing_since(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.standing_since(text, text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/step_up_by_mail
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
--> statement-breakpoint
-- function: auth/step_up_by_passkey
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
--> statement-breakpoint
-- function: auth/strip_unproven
drop function gatehouse.strip_unproven(text);
--> statement-breakpoint
-- function: auth/strip_unproven_but
-- Ends what a person added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens, integrations, connections. What a trusted backend brought (nobody's `created_by`) stays: legacy data
-- waits for its owner so. Whoever put the rest there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3:
-- an account made ready in advance for somebody else's address). One session stays, if any: that which proves the address.
create or replace function gatehouse.strip_unproven_but(p_user_id text, p_session_id uuid) returns void
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s
     where s.user_id = p_user_id and s.revoked_at is null and s.id is distinct from p_session_id order by s.id for update);
  update public.api_tokens set revoked_at = now() where user_id = p_user_id and revoked_at is null;
  delete from public.passkeys where user_id = p_user_id;
  delete from public.oauth_accounts where user_id = p_user_id;
  delete from public.known_devices where user_id = p_user_id;
  delete from public.user_integrations where user_id = p_user_id and created_by is not null;
  for v in select * from public.oauth_connections c
      where c.user_id = p_user_id and c.created_by is not null order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven_but(text, uuid) is 'Ends what was added to an account before its address was proven, but one session.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven_but(text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven_but(text, uuid) to gatehouse_system;
--> statement-breakpoint
-- function: auth/take_proof_mail
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
--> statement-breakpoint
-- function: auth/tell_moved
-- Somebody asks to sign in with a reserved address. Notes an alert that tells this address of the change and can undo it,
-- good to the end of the reservation. Null for every other address. p_alert: {id, tokenHash}. Answers {kind, email,
-- newEmail, changedAt}.
create or replace function gatehouse.tell_moved(p_email text, p_alert jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.email_changes := gatehouse.reservation(p_email);
begin
  if v.id is null or exists (select from public.users u where lower(u.email) = lower(p_email)) then
    return null;
  end if;
  insert into public.security_alerts (id, user_id, kind, token_hash, details, email, email_since, expires_at)
  values ((p_alert->>'id')::uuid, v.user_id, 'email_changed', p_alert->>'tokenHash',
    jsonb_build_object('previousEmail', v.previous_email, 'changeId', v.id), v.previous_email,
    gatehouse.standing_since(v.user_id, v.previous_email), v.created_at + interval '7 days')
  on conflict (id) do nothing;
  return jsonb_build_object('kind', 'email_moved', 'email', v.previous_email, 'newEmail', v.email,
    'changedAt', v.created_at);
end $$;
--> statement-breakpoint
comment on function gatehouse.tell_moved(text, jsonb) is 'Notes a mail to a reserved address: the account has another one since.';
--> statement-breakpoint
revoke all on function gatehouse.tell_moved(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.tell_moved(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/token_alert
-- Which alert tells of a token that was made or replaced, by whose it is: token_…, organization_token_…, service_token_….
create or replace function gatehouse.token_alert(p_what text) returns text
language plpgsql stable
as $$
begin
  return case gatehouse.token_owner_kind() when 'personal' then '' else gatehouse.token_owner_kind() || '_' end
    || 'token_' || p_what;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_alert(text) is 'Which alert tells of a token that was made or replaced.';
--> statement-breakpoint
revoke all on function gatehouse.token_alert(text) from public;
--> statement-breakpoint
-- function: auth/token_makers
-- Who made each live token of the organisation that this transaction acts on, and whether it is frozen. Names are for its
-- own administrators: a token that asks gets none. Definer: members read no other users.
create or replace function gatehouse.token_makers() returns table (token_id uuid, maker_name text, is_frozen boolean)
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_is_administrator boolean := coalesce(
    gatehouse.membership_role(gatehouse.organization_id(), gatehouse.actor_user_id()) in ('admin', 'owner'), false);
begin
  return query
    select t.id, case when v_is_administrator then coalesce(nullif(u.display_name, ''), u.email)::text end,
           gatehouse.is_frozen(t.organization_id, t.created_by)
      from public.api_tokens t left join public.users u on u.id = t.created_by
     where t.organization_id = gatehouse.organization_id() and t.revoked_at is null;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_makers() is 'Who made the tokens of the organisation, and which are frozen.';
--> statement-breakpoint
revoke all on function gatehouse.token_makers() from public;
--> statement-breakpoint
grant execute on function gatehouse.token_makers() to gatehouse_member;
--> statement-breakpoint
-- function: auth/undo_items
-- Takes away what a report undoes; the caller holds the lock on the user's row. Integrations before connections, by id.
-- p_items: see report_items. Nothing of it is asked for again: who waits for the user's row looks at it afterwards.
create or replace function gatehouse.undo_items(p_user_id text, p_items jsonb) returns void
language plpgsql volatile
as $$
declare
  v_ids uuid[] := array(select (i->>'id')::uuid from jsonb_array_elements(p_items) i);
  v public.oauth_connections;
begin
  delete from public.passkeys where user_id = p_user_id and id = any (v_ids);
  delete from public.oauth_accounts where user_id = p_user_id and id = any (v_ids);
  update public.api_tokens set revoked_at = now() where id in (
    select t.id from public.api_tokens t where t.id = any (v_ids) and t.revoked_at is null order by t.id for update);
  perform from public.user_integrations ui where ui.id = any (v_ids) order by ui.id for update;
  delete from public.user_integrations where id = any (v_ids);
  for v in select * from public.oauth_connections c where c.id = any (v_ids) order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.undo_items(text, jsonb) is 'Takes away what a report undoes.';
--> statement-breakpoint
revoke all on function gatehouse.undo_items(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.undo_items(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/unlink_social_account
-- Unlinks an account at a provider under the lock of the user's row, unless it is the last way in (promise 5). Definer,
-- since members delete no credentials. Answers {outcome: 'unlinked' | an error code, alert}.
create or replace function gatehouse.unlink_social_account(p_account_id uuid, p_providers text[], p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_provider text;
begin
  perform gatehouse.lock_actor();
  if gatehouse.has_happened(p_facts) then
    return '{"outcome": "unlinked"}';
  end if;
  select a.provider into v_provider from public.oauth_accounts a where a.id = p_account_id and a.user_id = v_user_id;
  if not found then
    return '{"outcome": "social_account.not_found"}';
  elsif gatehouse.ways_in(v_user_id, p_providers) - (v_provider = any (p_providers))::integer < 1 then
    return '{"outcome": "credential.last"}';
  end if;
  delete from public.oauth_accounts where id = p_account_id and user_id = v_user_id;
  perform gatehouse.record_login(v_user_id, 'account_unlinked', null, p_facts);
  return jsonb_build_object('outcome', 'unlinked', 'provider', v_provider,
    'alert', gatehouse.raise_alert(v_user_id, 'account_unlinked', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.unlink_social_account(uuid, text[], jsonb) is 'Unlinks an account at a provider, unless it is the last way in.';
--> statement-breakpoint
revoke all on function gatehouse.unlink_social_account(uuid, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.unlink_social_account(uuid, text[], jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: gate/claim_operation
-- Remembers which input an Idempotency-Key came with, before anything else of the call runs. The same call sent again
-- passes; the same key with other input is refused (GH023), as is a key older than 24 hours (GH024). A key that was first
-- used on another day is refused with that day (GH025): the Worker derives ids and secrets from the day, and sends the call
-- again with the right one. Two calls at once wait for each other at the primary key. What of the call has happened is
-- known for the rest of the transaction: see gatehouse.effects. Definer: nobody reads the table.
create or replace function gatehouse.claim_operation(p_key_hash text, p_input_hash text, p_day bigint) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.idempotency_keys;
begin
  insert into public.idempotency_keys (key_hash, input_hash, day) values (p_key_hash, p_input_hash, p_day)
    on conflict (key_hash) do nothing;
  if found then
    perform set_config('gatehouse.operation', p_key_hash, true);
    return;
  end if;
  select * into v from public.idempotency_keys k where k.key_hash = p_key_hash;
  if v.input_hash is distinct from p_input_hash then
    raise exception 'idempotency_key.reused' using errcode = 'GH023';
  elsif v.created_at <= now() - interval '24 hours' then
    raise exception 'idempotency_key.expired' using errcode = 'GH024';
  elsif v.day <> p_day then
    raise exception 'idempotency_key.other_day' using errcode = 'GH025', detail = v.day;
  end if;
  perform set_config('gatehouse.operation', p_key_hash, true), set_config('gatehouse.effects', v.effects::text, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_operation(text, text, bigint) is 'Holds a call to the input that its Idempotency-Key first came with.';
--> statement-breakpoint
revoke all on function gatehouse.claim_operation(text, text, bigint) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_operation(text, text, bigint) to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: gate/effects
-- What has happened already of the call that this transaction runs, by the key it came with: {effect: what it answered}.
-- Empty in a first call, in one whose first try was refused, and without a key. A setting, and so no authority for
-- anything: whoever forged it would skip a change of their own.
create or replace function gatehouse.effects() returns jsonb
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('gatehouse.effects', true), '')::jsonb, '{}') $$;
--> statement-breakpoint
comment on function gatehouse.effects() is 'What has happened already of the call that this transaction runs.';
--> statement-breakpoint
revoke all on function gatehouse.effects() from public;
--> statement-breakpoint
grant execute on function gatehouse.effects() to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: gate/enter
-- The gate, first statement of every authenticated call. It reads and never writes: finds the credential, holds it
-- against the requirement, sets actor and subject for this transaction, and drops to a role under which row level
-- security holds. Anything missing raises, and nothing after it runs.
--
-- Security invoker, since a definer may not change the role. p_requirement is written by src/db/gate.ts:
--   credential  'session' or 'token': what the secret's prefix said
--   subject     'self' | 'user' (+ userId) | 'organization' (+ organizationId, role) | 'platform'
--   scope       what an API token must carry; without it tokens are refused
--   freshWithin seconds since the person last proved who they are; sessions only
--   sessionFreshWithin  the same of sessions, while API tokens with the scope go on without
--   timeoutMs   the time limit of each later statement
-- What is not set here stays empty: these settings end with the transaction.
create or replace function gatehouse.enter(p_hash text, p_requirement jsonb) returns void
language plpgsql volatile
as $$
declare
  v_actor jsonb := gatehouse.find_credential(p_hash, p_requirement->>'credential');
  v_kind text := v_actor->>'kind';
  v_user_id text := v_actor->>'userId';
  v_subject text := p_requirement->>'subject';
  v_fresh_within integer := coalesce(p_requirement->>'freshWithin',
    case when v_kind = 'session' then p_requirement->>'sessionFreshWithin' end);
begin
  if v_kind <> 'session' and (p_requirement->>'scope' is null or not v_actor->'scopes' ? (p_requirement->>'scope')) then
    raise exception 'scope.missing' using errcode = 'GH007';
  elsif v_fresh_within is not null and (v_kind <> 'session'
        or (v_actor->>'authenticatedAt')::timestamptz + make_interval(secs => v_fresh_within) < now()) then
    raise exception 'step_up.required' using errcode = 'GH011';
  end if;
  if v_subject = 'self' and v_user_id is null then
    raise exception 'subject.missing' using errcode = 'GH012';
  elsif v_subject = 'self' then
    perform set_config('gatehouse.user_id', v_user_id, true);
  else
    perform gatehouse.enter_subject(v_actor, p_requirement);
  end if;
  if (v_actor->>'touch')::boolean then
    perform set_config('gatehouse.touch', 'due', true);
  end if;
  perform set_config('gatehouse.actor_kind', v_kind, true),
          set_config('gatehouse.actor_id', v_actor->>'id', true),
          set_config('gatehouse.actor_user_id', coalesce(v_user_id, ''), true),
          set_config('statement_timeout', p_requirement->>'timeoutMs', true),
          set_config('role', case v_subject when 'platform' then 'gatehouse_admin' else 'gatehouse_member' end, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.enter(text, jsonb) is 'The gate: authenticates and authorises this transaction, then drops to gatehouse_member or gatehouse_admin.';
--> statement-breakpoint
revoke all on function gatehouse.enter(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter(text, jsonb) to gatehouse_app, gatehouse_service;
--> statement-breakpoint
-- function: gate/enter_subject
-- The subjects that are not simply the caller: a user named in the input (`me`: the caller's own); an organisation named
-- in the input; the platform, which is nobody. An administrator acts on another user within ten minutes of proving who
-- they are. Sets the subject for this transaction, or refuses.
create or replace function gatehouse.enter_subject(p_actor jsonb, p_requirement jsonb) returns void
language plpgsql volatile
as $$
declare
  v_subject text := p_requirement->>'subject';
  v_is_platform boolean := p_actor->>'kind' = 'service' or coalesce(p_actor->>'platformRole', '') = 'admin';
  v_user_id text := p_requirement->>'userId';
  v_organization_id text := p_requirement->>'organizationId';
  v_role text;
begin
  if v_subject = 'user' and v_user_id = 'me' then
    if p_actor->>'userId' is null then
      raise exception 'subject.missing' using errcode = 'GH012';
    end if;
    perform set_config('gatehouse.user_id', p_actor->>'userId', true);
  elsif v_subject = 'user' and v_user_id is not null then
    if v_user_id is distinct from p_actor->>'userId' and not v_is_platform then
      raise exception 'subject.forbidden' using errcode = 'GH013';
    elsif v_user_id is distinct from p_actor->>'userId' and p_actor->>'kind' = 'session'
        and (p_actor->>'authenticatedAt')::timestamptz + interval '10 minutes' < now() then
      raise exception 'step_up.required' using errcode = 'GH011';
    end if;
    perform set_config('gatehouse.user_id', v_user_id, true);
  elsif v_subject = 'organization' and v_organization_id is not null then
    if p_actor->>'kind' <> 'service' and coalesce(p_actor->>'organizationId', '') <> v_organization_id then
      v_role := gatehouse.membership_role(v_organization_id::uuid, p_actor->>'userId');
      if v_role is null then
        raise exception 'organization.not_found' using errcode = 'GH009';
      elsif array_position(array['member', 'admin', 'owner'], v_role)
            < array_position(array['member', 'admin', 'owner'], coalesce(p_requirement->>'role', 'member')) then
        raise exception 'organization.role_missing' using errcode = 'GH010';
      end if;
    end if;
    perform set_config('gatehouse.organization_id', v_organization_id, true);
  elsif v_subject = 'platform' then
    if not v_is_platform then
      raise exception 'role.missing' using errcode = 'GH008';
    end if;
  else
    raise exception 'gate.misused' using errcode = 'GH014';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.enter_subject(jsonb, jsonb) is 'Sets whom a call acts on, or refuses with class GH.';
--> statement-breakpoint
revoke all on function gatehouse.enter_subject(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter_subject(jsonb, jsonb) to gatehouse_app, gatehouse_service;
--> statement-breakpoint
-- function: gate/find_credential
-- Looks a session or an API token up by the SHA-256 of its secret and refuses a dead one; an organisation's is frozen
-- while whoever made it may not make one. Definer: no login may read the tables. Answers {kind, id, userId, platformRole, organizationId, scopes, authenticatedAt, touch}.
create or replace function gatehouse.find_credential(p_hash text, p_kind text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v record;
begin
  if p_kind = 'session' then
    select s.id, s.user_id, s.revoked_at, s.expires_at, s.last_active_at, s.idle_timeout, s.authenticated_at,
           u.platform_role, u.suspended_at
      into v
      from public.user_sessions s join public.users u on u.id = s.user_id
     where s.session_token_hash = p_hash;
    if not found then
      raise exception 'credential.invalid' using errcode = 'GH001';
    elsif v.revoked_at is not null then
      raise exception 'session.revoked' using errcode = 'GH003', detail = v.id;
    elsif v.expires_at <= now() or v.last_active_at + v.idle_timeout <= now() then
      raise exception 'session.expired' using errcode = 'GH002';
    elsif v.suspended_at is not null then
      raise exception 'user.suspended' using errcode = 'GH006';
    end if;
    -- Written at most once an hour, oftener only where the idle time is short (lucia's throttle).
    return jsonb_build_object('kind', 'session', 'id', v.id, 'userId', v.user_id, 'platformRole', v.platform_role,
      'authenticatedAt', v.authenticated_at,
      'touch', v.last_active_at + least(interval '1 hour', v.idle_timeout / 12) <= now());
  end if;
  select t.id, t.kind, t.user_id, t.organization_id, t.created_by, t.scopes, t.revoked_at, t.expires_at,
         t.last_used_at, u.suspended_at
    into v
    from public.api_tokens t left join public.users u on u.id = t.user_id
   where t.token_hash = p_hash;
  if not found then
    raise exception 'credential.invalid' using errcode = 'GH001';
  elsif v.revoked_at is not null then
    raise exception 'token.revoked' using errcode = 'GH005';
  elsif v.expires_at <= now() then
    raise exception 'token.expired' using errcode = 'GH004';
  elsif v.suspended_at is not null then
    raise exception 'user.suspended' using errcode = 'GH006';
  elsif v.kind = 'organization' and gatehouse.is_frozen(v.organization_id, v.created_by) then
    raise exception 'token.frozen' using errcode = 'GH026';
  end if;
  return jsonb_build_object('kind', v.kind, 'id', v.id, 'userId', v.user_id, 'organizationId', v.organization_id,
    'scopes', v.scopes, 'touch', coalesce(v.last_used_at + interval '1 hour' <= now(), true));
end $$;
--> statement-breakpoint
comment on function gatehouse.find_credential(text, text) is 'A live session or API token by its SHA-256, or a refusal of class GH.';
--> statement-breakpoint
revoke all on function gatehouse.find_credential(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.find_credential(text, text) to gatehouse_app, gatehouse_service;
--> statement-breakpoint
-- function: gate/is_frozen
-- Whether a token of an organisation is frozen: nobody knows who made it, or they are suspended, or no longer administrate
-- the organisation. It works again when they do. Two look-ups by primary key.
create or replace function gatehouse.is_frozen(p_organization_id uuid, p_maker_id text) returns boolean
language plpgsql stable
as $$
begin
  return not exists (
    select from public.memberships m join public.users u on u.id = m.user_id
     where m.organization_id = p_organization_id and m.user_id = p_maker_id and m.role in ('admin', 'owner')
       and u.suspended_at is null);
end $$;
--> statement-breakpoint
comment on function gatehouse.is_frozen(uuid, text) is 'Whether a token of an organisation is frozen by what became of its maker.';
--> statement-breakpoint
revoke all on function gatehouse.is_frozen(uuid, text) from public;
--> statement-breakpoint
-- function: gate/is_repeated
-- Whether an effect of this call has happened already: it was sent again, and whatever it set may have been set otherwise
-- since. Not whether its key came before: a call that was refused, or that had asked only, has no effect yet.
create or replace function gatehouse.is_repeated(p_effect text) returns boolean
language sql stable parallel safe
as $$ select coalesce(gatehouse.effects() ? p_effect, false) $$;
--> statement-breakpoint
comment on function gatehouse.is_repeated(text) is 'Whether an effect of this call has happened already.';
--> statement-breakpoint
revoke all on function gatehouse.is_repeated(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_repeated(text) to gatehouse_member;
--> statement-breakpoint
-- function: gate/keep_effect
-- Keeps an effect of this call with its key, in the transaction in which it happens, so that the call sent again changes
-- nothing any more. p_answer: ids and numbers, no secrets. Without a key, or a name of the effect, there is nothing to keep.
-- Definer: nobody writes the table.
create or replace function gatehouse.keep_effect(p_effect text, p_answer jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.idempotency_keys k set effects = k.effects || jsonb_build_object(p_effect, p_answer)
   where k.key_hash = nullif(current_setting('gatehouse.operation', true), '')
     and p_effect is not null and k.effects->p_effect is distinct from p_answer;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_effect(text, jsonb) is 'Keeps an effect of this call with its key.';
--> statement-breakpoint
revoke all on function gatehouse.keep_effect(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.keep_effect(text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: gate/lock_actor
-- What comes first in every function that adds a way in, or makes a secret of ours: locks the row of the user who
-- acts, and of the one acted on, by id; then judges the acting credential again. The gate judged it before that lock was
-- had, and a report ("this wasn't me") that held it may have ended the credential since: each statement here reads anew.
-- Without an actor (SQL clients) it does nothing. Raises GH003, GH005.
create or replace function gatehouse.lock_actor() returns void
language plpgsql volatile
as $$
declare
  v_actor_id uuid := gatehouse.actor_id();
begin
  perform from public.users u where u.id in (gatehouse.actor_user_id(), gatehouse.uid()) order by u.id for no key update;
  if gatehouse.actor_kind() = 'session' and not exists (
      select from public.user_sessions s where s.id = v_actor_id and s.revoked_at is null) then
    raise exception 'session.revoked' using errcode = 'GH003', detail = v_actor_id;
  elsif gatehouse.actor_kind() <> 'session' and not exists (
      select from public.api_tokens t where t.id = v_actor_id and t.revoked_at is null) then
    raise exception 'token.revoked' using errcode = 'GH005';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.lock_actor() is 'Locks who acts and who is acted on, and judges the acting credential again.';
--> statement-breakpoint
revoke all on function gatehouse.lock_actor() from public;
--> statement-breakpoint
-- function: integrations/begin_linking
-- What linking and unlinking begin with: the keys are there and fit, the caller may act for the user, and the user is there
-- and locked: one at a time for a user, so that two calls that link the same account make one row; and whoever acts is
-- judged again under that lock. Raises GH003, GH005, GH013, GH015, GH018.
create or replace function gatehouse.begin_linking(p_link jsonb) returns void
language plpgsql volatile
as $$
declare
  v_user_id text := nullif(p_link->>'user_id', '');
begin
  perform gatehouse.check_link(p_link);
  if v_user_id is null or nullif(p_link->>'service_id', '') is null then
    raise exception '% is missing', case when v_user_id is null then 'user_id' else 'service_id' end
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not coalesce(gatehouse.may_act_for(v_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  perform gatehouse.lock_actor();
  perform from public.users u where u.id = v_user_id for no key update;
  if not found then
    raise exception 'There is no user "%"', v_user_id using errcode = 'GH015', detail = 'user.not_found';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_linking(jsonb) is 'What linking and unlinking begin with.';
--> statement-breakpoint
revoke all on function gatehouse.begin_linking(jsonb) from public;
--> statement-breakpoint
-- function: integrations/change_services
-- Links or unlinks (p_verb) many services of a user. Each item stands by itself: a bad one is reported with its index
-- (from 0), code and reason, and spoils no other. A bare text is a service id. Answers {total, succeeded, failed, results:
-- [{index, service_id, success, integration_id | unlinked | code, error}]}. Sent again, an item that was done changes
-- nothing and answers what it answered; integration.not_found where the link is gone since. One that was refused is tried
-- again: an item's event_id stands for it. Raises GH018 where there is no list.
create or replace function gatehouse.change_services(p_verb text, p_user_id text, p_services jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_item jsonb;
  v_index integer;
  v_answer jsonb;
  v_done integer := 0;
  v_results jsonb[] := '{}';
  v_code text;
  v_items jsonb := coalesce(gatehouse.effects()->'items', '{}');
begin
  if coalesce(jsonb_typeof(p_services), 'null') <> 'array' then
    raise exception 'services_json: a list of services' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  for v_item, v_index in
      select e.value, e.ordinality - 1 from jsonb_array_elements(p_services) with ordinality e loop
    begin
      if jsonb_typeof(v_item) = 'string' then
        v_item := jsonb_build_object('service_id', v_item);
      elsif jsonb_typeof(v_item) <> 'object' then
        raise exception 'An item is an object with service_id'
          using errcode = 'GH018', detail = 'integration.incomplete';
      end if;
      v_item := v_item || jsonb_build_object('user_id', p_user_id);
      v_answer := v_items->(v_item->>'event_id');
      if v_answer is null then
        v_answer := case p_verb when 'link' then to_jsonb(gatehouse.link_integration(v_item))
          when 'unlink' then to_jsonb(gatehouse.unlink_integrations(v_item)) end;
      elsif p_verb = 'link' and not exists (
          select from public.user_integrations ui where ui.id = (v_answer->>0)::uuid and ui.user_id = p_user_id) then
        raise exception 'There is no such integration any more' using errcode = 'GH030', detail = 'integration.not_found';
      end if;
      v_results := v_results || (jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', true)
        || jsonb_build_object(case p_verb when 'link' then 'integration_id' else 'unlinked' end, v_answer));
      v_done := v_done + 1;
    exception when others then
      -- An item's own fault is reported with it; anything else (a deadlock, a caller who was ended) is nobody's item.
      if left(sqlstate, 2) not in ('GH', '22', '23') or sqlstate in ('GH003', 'GH005') then
        raise;
      end if;
      get stacked diagnostics v_code = pg_exception_detail;
      v_results := v_results || jsonb_build_object(
        'index', v_index, 'service_id', v_item->'service_id', 'success', false,
        'code', case when left(sqlstate, 2) = 'GH' then v_code else 'input.invalid' end, 'error', sqlerrm);
    end;
  end loop;
  perform gatehouse.keep_effect('items', v_items || coalesce((
    select jsonb_object_agg(p_services->(r->>'index')::integer->>'event_id', coalesce(r->'integration_id', r->'unlinked'))
      from unnest(v_results) r
     where (r->>'success')::boolean and p_services->(r->>'index')::integer->>'event_id' is not null), '{}'));
  return jsonb_build_object('total', jsonb_array_length(p_services), 'succeeded', v_done,
    'failed', jsonb_array_length(p_services) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function gatehouse.change_services(text, text, jsonb) is 'Links or unlinks many services of a user.';
--> statement-breakpoint
revoke all on function gatehouse.change_services(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.change_services(text, text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/check_client
-- Refuses a refresh token that a person brings for this deployment's client: its secret would redeem a token that leaked
-- elsewhere. Such grants come from the connect flow, a service token or a SQL client. p_link: what link_integration takes.
-- Raises GH018.
create or replace function gatehouse.check_client(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_client text := nullif(p_link->>'client_id', '');
begin
  if nullif(p_link->>'refresh_token', '') is null or gatehouse.uid() is null or gatehouse.actor_kind() = 'service' then
    return;
  elsif v_client is null or nullif(p_link->>'client_secret', '') is null or v_client = p_link->>'deployment_client' then
    raise exception 'refresh_token: send the client_id and client_secret of your own that it was made for, or connect the account in a browser'
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_client(jsonb) is 'Refuses a refresh token that a person brings for the client of this deployment.';
--> statement-breakpoint
revoke all on function gatehouse.check_client(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_events
-- Refuses one more change of a link by a call of the API where the user had 5,000 events within a day: linking and unlinking
-- the same things in turn would fill the outbox. Nobody else's calls, and no other change, end here. Raises GH028.
create or replace function gatehouse.check_events(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if gatehouse.uid() is not null and not gatehouse.take_room('event', p_user_id) then
    raise exception '5,000 links were changed within a day. Change the next ones later'
      using errcode = 'GH028', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_events(text) is 'Refuses one more change of a link where the user had too many in a day.';
--> statement-breakpoint
revoke all on function gatehouse.check_events(text) from public;
--> statement-breakpoint
-- function: integrations/check_link
-- Refuses what no link can hold, and names the key: a text that is none or is too long, metadata that is no object, a
-- time that is none, credentials of more than 64 KiB (sealed, or as text). p_link: what link_integration takes, or a part
-- of it. Raises GH018, GH029.
create or replace function gatehouse.check_link(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_key text;
  v_limit integer;
begin
  for v_key, v_limit in select * from (values
      ('user_id', 255), ('service_id', 255), ('external_user_id', 255), ('external_username', 255),
      ('display_label', 255), ('client_id', 255), ('client_secret', 8192), ('access_token', 65536),
      ('refresh_token', 65536), ('token_expires_at', 255)) limits loop
    if jsonb_typeof(p_link->v_key) in ('object', 'array', 'boolean') then
      raise exception '%: a text', v_key using errcode = 'GH018', detail = 'integration.incomplete';
    elsif length(p_link->>v_key) > v_limit then
      raise exception '%: at most % characters', v_key, v_limit
        using errcode = 'GH018', detail = 'integration.incomplete';
    end if;
  end loop;
  if jsonb_typeof(p_link->'metadata') not in ('object', 'null') then
    raise exception 'metadata: an object' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  if octet_length(p_link->>'credentials') > 65536 then
    raise exception 'credentials: at most 64 KiB, sealed' using errcode = 'GH029', detail = 'integration.too_large';
  end if;
  begin
    perform nullif(p_link->>'token_expires_at', '')::timestamptz;
  exception when data_exception then
    raise exception 'token_expires_at: not a time' using errcode = 'GH018', detail = 'integration.incomplete';
  end;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_link(jsonb) is 'Refuses what no link can hold, and names the key.';
--> statement-breakpoint
revoke all on function gatehouse.check_link(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_metadata
-- Refuses metadata of a link that came to more than 16 KiB, with what was there. Raises GH029.
create or replace function gatehouse.check_metadata(p_metadata jsonb) returns void
language plpgsql immutable
as $$
begin
  if octet_length(p_metadata::text) > 16384 then
    raise exception 'metadata: at most 16 KiB, with what is there' using errcode = 'GH029', detail = 'integration.too_large';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_metadata(jsonb) is 'Refuses metadata of a link above 16 KiB.';
--> statement-breakpoint
revoke all on function gatehouse.check_metadata(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_room
-- Refuses a new link of a user who has a thousand already. Raises GH028.
create or replace function gatehouse.check_room(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if not gatehouse.take_room('integration', p_user_id) then
    raise exception 'There are 1,000 linked accounts already, those that are not active too. Link one of them again'
      using errcode = 'GH028', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_room(text) is 'Refuses a new link of a user who has a thousand already.';
--> statement-breakpoint
revoke all on function gatehouse.check_room(text) from public;
--> statement-breakpoint
-- function: integrations/cleanup_integrations
-- Deletes integrations that hold nothing (no grant, no account, no credentials), a day after they were last changed, at
-- most p_limit; dry, it only says which. Sent again it deletes no more, and answers the same. Definer: only here are links deleted.
create or replace function gatehouse.cleanup_integrations(p_is_dry_run boolean, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_ids uuid[];
  v_answer jsonb := gatehouse.effects()->'cleanup';
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select array_agg(o.id) into v_ids from (
    select ui.id from public.user_integrations ui
     where ui.connection_id is null and ui.external_user_id is null and ui.credentials is null and ui.auth_code is null
       and ui.updated_at < now() - interval '1 day'
     order by ui.id limit p_limit for update skip locked) o;
  if not p_is_dry_run then
    delete from public.user_integrations ui where ui.id = any (v_ids);
  end if;
  v_answer := jsonb_build_object('dry_run', p_is_dry_run, 'orphaned', coalesce(cardinality(v_ids), 0),
    'deleted', case when p_is_dry_run then 0 else coalesce(cardinality(v_ids), 0) end,
    'has_more', coalesce(cardinality(v_ids), 0) = p_limit, 'integration_ids', to_jsonb(coalesce(v_ids[1:100], '{}')));
  if not p_is_dry_run then
    perform gatehouse.keep_effect('cleanup', v_answer);
  end if;
  return v_answer;
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_integrations(boolean, integer) is 'Deletes integrations that hold nothing.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_integrations(boolean, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_integrations(boolean, integer) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/event_room
-- How many more changes of a user's links may be events today: 5,000 in a day. Whoever asks has locked the user.
create or replace function gatehouse.event_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 5000 - count(*) from (
    select from public.outbox o where o.user_id = p_user_id and o.created_at > now() - interval '1 day' limit 5000) events);
end $$;
--> statement-breakpoint
comment on function gatehouse.event_room(text) is 'How many more changes of a user''s links may be events today.';
--> statement-breakpoint
revoke all on function gatehouse.event_room(text) from public;
--> statement-breakpoint
-- function: integrations/judge_claim
-- Before a link is written: says whether its account at a messaging service is verified. A person's own word for an id is a
-- claim, which anybody could make; a backend has seen whose the id is (a service token, or a client of SQL: no person's
-- credential). At most one link of an id is verified: of a second user's the backend's word is a claim as well. An id that
-- did not change keeps what it has. Definer: it looks at links of anybody.
create or replace function gatehouse.judge_claim() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.service_id, new.external_user_id) is not distinct from (old.service_id, old.external_user_id) then
    return new;
  end if;
  new.verified_at := case when coalesce(gatehouse.actor_kind(), 'service') = 'service'
      and exists (select from public.services s where s.id = new.service_id and s.type = 'messaging')
      and new.external_user_id is not null
      and not exists (select from public.user_integrations ui where ui.service_id = new.service_id
        and ui.external_user_id = new.external_user_id and ui.verified_at is not null and ui.id <> new.id)
    then now() end;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.judge_claim() is 'Whether the account of a link at a messaging service is verified, or claimed.';
--> statement-breakpoint
revoke all on function gatehouse.judge_claim() from public;
--> statement-breakpoint
-- function: integrations/keep_tokens
-- Puts tokens that a link brought into the vault, under an account that stands for the unknown one, and answers the
-- connection. Without an access token the recorded end is the epoch: expired. The tokens are text as given. Tokens that come
-- again and again are one event an hour of the trail, for each credential: what another one brings is another grant. Raises GH021, GH027.
create or replace function gatehouse.keep_tokens(
  p_link jsonb, p_integration public.user_integrations, p_connector_id text
) returns uuid
language plpgsql volatile
as $$
declare
  v_account text := gatehouse.unverified_account(p_integration.service_id, p_integration.external_user_id);
  v_access text := nullif(p_link->>'access_token', '');
  v_refresh text := nullif(p_link->>'refresh_token', '');
  v_is_sealed boolean := gatehouse.is_sealed(coalesce(v_access, v_refresh));
  v_expires_at timestamptz := case when v_access is null then to_timestamp(0)
    else nullif(p_link->>'token_expires_at', '')::timestamptz end;
  v_before public.oauth_connections;
  v public.oauth_connections;
  v_last public.connection_events;
begin
  select * into v_before from public.oauth_connections c
   where c.owner = 'user:' || p_integration.user_id and c.connector_id = p_connector_id and c.account_id = v_account;
  if not v_is_sealed and p_integration.connection_id is not null then
    -- What a SQL client brings is sealed later, for the row it is in.
    v_account := coalesce((select c.account_id from public.oauth_connections c
      where c.id = p_integration.connection_id and c.account_id like 'unverified:%'), v_account);
  elsif exists (select from public.user_integrations ui where ui.user_id = p_integration.user_id
      and ui.connection_id = v_before.id and ui.id <> p_integration.id) then
    -- The external id of that other one has changed since.
    if v_is_sealed then
      raise exception 'Another account of this service holds that grant'
        using errcode = 'GH021', detail = 'integration.conflict';
    end if;
    v_account := 'unverified:' || gen_random_uuid();
  end if;
  if not exists (select from public.oauth_connections c where c.owner = 'user:' || p_integration.user_id
      and c.connector_id = p_connector_id and c.account_id = v_account)
      and not gatehouse.take_room('connection', 'user:' || p_integration.user_id) then
    raise exception 'connection.limit_reached' using errcode = 'GH027', detail = 'connection.limit_reached';
  end if;
  insert into public.oauth_connections as c
    (user_id, connector_id, account_id, client_id, client_secret, access_token, refresh_token, expires_at,
     next_refresh_at, identify_at, scopes, created_by)
  values (p_integration.user_id, p_connector_id, v_account, nullif(p_link->>'client_id', ''),
    nullif(p_link->>'client_secret', ''), coalesce(v_access, ''), v_refresh, v_expires_at,
    now() + make_interval(secs => (p_link->>'next_refresh_in')::double precision), now(),
    coalesce(gatehouse.scopes_text(p_link->'granted_scopes'), ''), gatehouse.actor_user_id())
  on conflict (owner, connector_id, account_id) do update
    set access_token = coalesce(v_access, c.access_token),
        expires_at = case when v_access is null then c.expires_at else excluded.expires_at end,
        refresh_token = coalesce(excluded.refresh_token, case
          when excluded.client_id is null or excluded.client_id = c.client_id then c.refresh_token end),
        client_id = coalesce(excluded.client_id, c.client_id),
        client_secret = coalesce(excluded.client_secret, c.client_secret),
        scopes = coalesce(gatehouse.scopes_text(p_link->'granted_scopes'), c.scopes),
        next_refresh_at = excluded.next_refresh_at, identify_at = now(), status = 'active', granted_at = now(),
        version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
  -- Whoever links it again with the right client is not kept waiting for the wrong one's pause.
  if gatehouse.has_own_client(v) then
    delete from public.connector_breakers where connector_id = v.connector_id and client_id = gatehouse.breaker_key(v);
  end if;
  select * into v_last from public.connection_events e where e.connection_id = v.id
   order by e.created_at desc, e.id desc limit 1;
  if v_last.id is null or v_last.event not in ('connected', 'reconnected')
      or not exists (select from public.connection_events e where e.connection_id = v.id
        and e.event in ('connected', 'reconnected') and e.created_at >= now() - interval '1 hour'
        and e.actor_id is not distinct from gatehouse.actor_id()::text) then
    perform gatehouse.note_connection(v, jsonb_build_object('id', p_link->'event_id',
      'event', case when v.version = 1 then 'connected' else 'reconnected' end,
      'evidence', jsonb_build_object('service', p_integration.service_id)));
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) is 'Puts the tokens of a link into the vault.';
--> statement-breakpoint
revoke all on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) from public;
--> statement-breakpoint
-- function: integrations/link_connection
-- Links a service to an account that is in the vault: Gmail and Calendar of one Google account share its grant. An
-- integration that is known by that account, or by its address, is the same one, and no event if nothing changes.
-- Raises GH016 to GH018, GH028.
create or replace function gatehouse.link_connection(
  p_connection public.oauth_connections, p_service_id text, p_event_id uuid
) returns uuid
language plpgsql volatile
as $$
declare
  v_service public.services := gatehouse.linkable_service(p_service_id);
  v_email text := p_connection.connector_metadata->p_connection.connector_id->>'email';
  v public.user_integrations;
  v_before public.user_integrations;
begin
  if v_service.connector_id <> p_connection.connector_id then
    raise exception 'That account is not one of %', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  select * into v from public.user_integrations ui
   where ui.user_id = p_connection.user_id and ui.service_id = v_service.id
     and (ui.connection_id = p_connection.id or ui.external_user_id in (p_connection.account_id, v_email))
   order by ui.connection_id = p_connection.id desc nulls last, ui.created_at, ui.id limit 1;
  v_before := v;
  if v.id is null then
    perform gatehouse.check_room(p_connection.user_id);
    insert into public.user_integrations as ui
      (user_id, service_id, connection_id, external_user_id, external_username, created_by)
    values (p_connection.user_id, v_service.id, p_connection.id, p_connection.account_id, v_email,
      gatehouse.actor_user_id())
    returning * into v;
  else
    update public.user_integrations ui
       set connection_id = p_connection.id, is_active = true,
           external_username = coalesce(v_email, ui.external_username)
     where ui.id = v.id returning * into v;
  end if;
  if v_before.is_active is not true or (v.connection_id, v.external_username)
      is distinct from (v_before.connection_id, v_before.external_username) then
    perform gatehouse.note_integration(v, 'linked', p_event_id);
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_connection(public.oauth_connections, text, uuid) is 'Links a service to a connection of the vault.';
--> statement-breakpoint
revoke all on function gatehouse.link_connection(public.oauth_connections, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/link_integration
-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not
-- given stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id,
-- external_user_id, external_username, display_label, access_token, refresh_token, token_expires_at, client_id,
-- client_secret, granted_scopes, credentials, metadata), and of the Worker's, which a SQL client's are not taken for:
-- id, event_id, next_refresh_in (seconds), sealed_for (the connector its tokens are sealed for: the Worker seals before
-- it knows the catalogue), deployment_client (that connector's client here). A person's refresh token comes with its own
-- client: the deployment's secret redeems what the connect flow or a backend brought. It is an event if the link is new,
-- works again or says something else than before. Raises GH013, GH015 to GH018, GH020, GH021, GH027 to GH029.
create or replace function gatehouse.link_integration(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_link->>'user_id';
  v_external_id text := nullif(p_link->>'external_user_id', '');
  v_has_token boolean :=
    coalesce(nullif(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', '')) is not null;
  v_link jsonb :=
    case when gatehouse.uid() is null then p_link - '{id,event_id,next_refresh_in,sealed_for,deployment_client}'::text[] else p_link end;
  v_service public.services;
  v_before public.user_integrations;
  v_worked boolean;
  v public.user_integrations;
begin
  perform gatehouse.begin_linking(p_link);
  v_service := gatehouse.linkable_service(p_link->>'service_id');
  if v_link->>'sealed_for' <> v_service.connector_id then
    raise exception 'The tokens are sealed for another connector than that of %', v_service.name
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  perform gatehouse.check_client(v_link);
  -- Two statements, each with the whole index: one with `or` would look at every account of the user, for each item of
  -- a long list.
  if v_external_id is null then
    select * into v_before from public.user_integrations ui
     where ui.user_id = v_user_id and ui.service_id = v_service.id and ui.external_user_id is null;
  else
    select * into v_before from public.user_integrations ui
     where ui.user_id = v_user_id and ui.service_id = v_service.id and ui.external_user_id = v_external_id;
  end if;
  if v_service.type = 'messaging' and v_external_id is null then
    raise exception 'external_user_id is missing: a % account is known by it', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif v_service.type <> 'messaging' and not v_has_token and v_before.connection_id is null then
    raise exception 'access_token is missing: % is linked with a token', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  v_worked := v_before.is_active and (v_before.connection_id is null or exists (select from public.oauth_connections c
    where c.user_id = v_user_id and c.id = v_before.connection_id and c.status = 'active'));
  if v_before.id is null then
    perform gatehouse.check_room(v_user_id);
  end if;
  insert into public.user_integrations as ui
    (id, user_id, service_id, external_user_id, external_username, display_label, credentials, metadata, created_by)
  values (coalesce((v_link->>'id')::uuid, gen_random_uuid()), v_user_id, v_service.id, v_external_id,
    nullif(p_link->>'external_username', ''), nullif(p_link->>'display_label', ''),
    nullif(p_link->'credentials', 'null'), coalesce(nullif(p_link->'metadata', 'null'), '{}'),
    gatehouse.actor_user_id())
  on conflict (user_id, service_id, external_user_id) do update
    set is_active = true, external_username = coalesce(excluded.external_username, ui.external_username),
        display_label = coalesce(excluded.display_label, ui.display_label),
        credentials = coalesce(excluded.credentials, ui.credentials), metadata = ui.metadata || excluded.metadata,
        created_by = coalesce(excluded.created_by, ui.created_by),
        -- judge_claim has said it of the new row; a claim stays one until a backend links it.
        verified_at = coalesce(ui.verified_at, excluded.verified_at)
  returning * into v;
  if p_link->'metadata' <> 'null' then
    perform gatehouse.check_metadata(v.metadata);
  end if;
  if v_has_token then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(v_link, v, v_service.connector_id)
     where ui.id = v.id returning * into v;
  end if;
  if v_worked is not true or (v.connection_id, v.external_username, v.display_label, v.metadata)
      is distinct from (v_before.connection_id, v_before.external_username, v_before.display_label, v_before.metadata) then
    perform gatehouse.check_events(v_user_id);
    perform gatehouse.note_integration(v, 'linked', (v_link->>'event_id')::uuid);
  elsif v_has_token or nullif(p_link->'credentials', 'null') is not null then
    -- No event for others, but for its trail: the secrets are those of whoever linked it last.
    perform gatehouse.note_link(v, 'linked');
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_integration(jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function gatehouse.link_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_integration(jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_once
-- link_integration for one call: sent again it links nothing, and answers the integration that it linked, whatever became
-- of that since. p_link: see link_integration; its event_id stands for the call. Raises what link_integration raises.
create or replace function gatehouse.link_once(p_link jsonb) returns uuid
language plpgsql volatile
as $$
declare
  v_id uuid := gatehouse.effects()->>(p_link->>'event_id');
begin
  if v_id is null then
    v_id := gatehouse.link_integration(p_link);
    perform gatehouse.keep_effect(p_link->>'event_id', to_jsonb(v_id));
  end if;
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_once(jsonb) is 'Links an account of a service to a user, once for a call.';
--> statement-breakpoint
revoke all on function gatehouse.link_once(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_once(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: integrations/link_own_connection
-- Links a service to a connection of the subject. Definer: members write no links. Sent again it links nothing, and
-- answers the integration that it linked. p_link: {connection_id, service_id, display_label, event_id}. Raises GH016 to GH018, GH022, GH028.
create or replace function gatehouse.link_own_connection(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections;
  v_id uuid := gatehouse.effects()->>(p_link->>'event_id');
begin
  if v_id is not null then
    return v_id;
  end if;
  perform gatehouse.lock_actor();
  v := gatehouse.own_connection(jsonb_build_object('connectionId', p_link->>'connection_id'));
  if p_link->>'connection_id' is null or v.id is null or v.user_id is null then
    raise exception 'connection.not_found' using errcode = 'GH022', detail = 'connection.not_found';
  end if;
  v_id := gatehouse.link_connection(v, p_link->>'service_id', (p_link->>'event_id')::uuid);
  update public.user_integrations ui
     set display_label = coalesce(nullif(p_link->>'display_label', ''), ui.display_label)
   where ui.id = v_id;
  perform gatehouse.keep_effect(p_link->>'event_id', to_jsonb(v_id));
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_own_connection(jsonb) is 'Links a service to a connection of the subject.';
--> statement-breakpoint
revoke all on function gatehouse.link_own_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_own_connection(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: integrations/link_room
-- How many more links a user may have: a thousand in all, those that are not active too. Whoever asks has locked the user.
create or replace function gatehouse.link_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 1000 - count(*) from (
    select from public.user_integrations ui where ui.user_id = p_user_id limit 1000) links);
end $$;
--> statement-breakpoint
comment on function gatehouse.link_room(text) is 'How many more links a user may have.';
--> statement-breakpoint
revoke all on function gatehouse.link_room(text) from public;
--> statement-breakpoint
-- function: integrations/note_integration
-- The event of a link, in the same transaction, and the row of its trail; it names the user who acted, where that is another
-- than the link's. Sent again with one id it is the same event.
create or replace function gatehouse.note_integration(
  p_integration public.user_integrations, p_event text, p_event_id uuid
) returns void
language plpgsql volatile
as $$
begin
  insert into public.outbox (id, type, user_id, subject_id, payload)
  values (coalesce(p_event_id, gen_random_uuid()), 'integration.' || p_event, p_integration.user_id,
    p_integration.id::text, jsonb_strip_nulls(jsonb_build_object('service', p_integration.service_id,
      'externalUserId', p_integration.external_user_id,
      'actorUserId', nullif(gatehouse.actor_user_id(), p_integration.user_id))))
  on conflict (id) do nothing;
  perform gatehouse.note_link(p_integration, p_event);
end $$;
--> statement-breakpoint
comment on function gatehouse.note_integration(public.user_integrations, text, uuid) is 'Writes the event of a link.';
--> statement-breakpoint
revoke all on function gatehouse.note_integration(public.user_integrations, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/note_link
-- The trail of a link of before: a person linked it again, or unlinked it, and by which credential; the rows of connection
-- trails, under the link's id. What is done again and again is one event an hour of a credential's. A new link, which says
-- itself who made it, and what backends do has none.
create or replace function gatehouse.note_link(p_integration public.user_integrations, p_event text) returns void
language plpgsql volatile
as $$
declare
  v_event text := 'integration.' || p_event;
begin
  if gatehouse.actor_user_id() is null or p_integration.created_at = now()
      or v_event = (select e.event from public.connection_events e where e.connection_id = p_integration.id
        order by e.created_at desc, e.id desc limit 1)
      and exists (select from public.connection_events e where e.connection_id = p_integration.id and e.event = v_event
        and e.created_at >= now() - interval '1 hour' and e.actor_id = gatehouse.actor_id()::text) then
    return;
  end if;
  insert into public.connection_events
    (connection_id, user_id, connector_id, event, actor_kind, actor_id, actor_user_id)
  values (p_integration.id, p_integration.user_id, left(p_integration.service_id, 50), v_event,
    gatehouse.actor_kind(), gatehouse.actor_id(), gatehouse.actor_user_id());
end $$;
--> statement-breakpoint
comment on function gatehouse.note_link(public.user_integrations, text) is 'Adds a row to a link''s trail.';
--> statement-breakpoint
revoke all on function gatehouse.note_link(public.user_integrations, text) from public;
--> statement-breakpoint
-- function: integrations/take_room
-- Takes one of the places that an owner has left for connections, integrations or events (p_kind: connection, integration,
-- event), and says whether there was one.
-- The owner is locked, so what is counted once holds for the whole transaction: a list of a thousand links counts once and
-- not for each.
create or replace function gatehouse.take_room(p_kind text, p_owner text) returns boolean
language plpgsql volatile
as $$
declare
  v_setting text := 'gatehouse.room_for_' || p_kind;
  -- {owner: how many more}, in this transaction.
  v_known jsonb := coalesce(nullif(current_setting(v_setting, true), '')::jsonb, '{}');
  v_left integer := coalesce((v_known->>p_owner)::integer, case p_kind
    when 'connection' then gatehouse.connection_room(p_owner) when 'event' then gatehouse.event_room(p_owner)
    else gatehouse.link_room(p_owner) end);
begin
  perform set_config(v_setting, jsonb_build_object(p_owner, greatest(0, v_left - 1))::text, true);
  return v_left > 0;
end $$;
--> statement-breakpoint
comment on function gatehouse.take_room(text, text) is 'Takes one of the places that an owner has left.';
--> statement-breakpoint
revoke all on function gatehouse.take_room(text, text) from public;
--> statement-breakpoint
-- function: integrations/unlink_integrations
-- Disconnects accounts of a service softly: all of them, or the one of that external id (an empty one is refused: a
-- variable that was never filled does not mean all). Their tokens stay in the vault, for linking again. Definer:
-- members write no links. p_unlink: {user_id, service_id, external_user_id}, and of the Worker's: event_id, from which the
-- ids of all events come. Answers how many were active; sent again the same number. Raises GH013, GH015, GH016, GH018,
-- GH028.
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
  while exists (select from public.outbox o where o.id = v_event_id) loop
    v_unlinked := v_unlinked + 1;
    v_event_id := md5(v_event_id::text)::uuid;
  end loop;
  if v_unlinked > 0 then
    return v_unlinked;
  end if;
  for v in update public.user_integrations ui set is_active = false
     where ui.user_id = v_user_id and ui.service_id = p_unlink->>'service_id' and ui.is_active
       and (v_external_id is null or ui.external_user_id = v_external_id)
    returning * loop
    v_unlinked := v_unlinked + 1;
    perform gatehouse.check_events(v_user_id);
    perform gatehouse.note_integration(v, 'unlinked', v_event_id);
    v_event_id := md5(v_event_id::text)::uuid;
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
-- function: integrations/update_integration
-- Changes what a user says of a link: label, username, metadata, active, primary. What is not among the keys stays;
-- given metadata replaces all but the primary flag. Sent again it changes nothing. Definer: members write no links. p_change: {user_id, id, event_id,
-- display_label, external_username, metadata, is_active, is_primary}. Answers done, or integration.not_found. Raises
-- GH003, GH005, GH013, GH016 to GH018, GH028, GH029.
create or replace function gatehouse.update_integration(p_change jsonb) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  perform gatehouse.check_link(p_change);
  if not coalesce(gatehouse.may_act_for(p_change->>'user_id'), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  if (p_change->>'is_active')::boolean then
    perform gatehouse.lock_actor();
  end if;
  -- One at a time for a user: two calls that each name a primary one leave one.
  perform from public.users u where u.id = p_change->>'user_id' for no key update;
  select * into v from public.user_integrations ui
   where ui.user_id = p_change->>'user_id' and ui.id = (p_change->>'id')::uuid for no key update;
  if v.id is null then
    return 'integration.not_found';
  elsif gatehouse.is_repeated(p_change->>'event_id') then
    return 'done';
  elsif (p_change->>'is_active')::boolean and not v.is_active then
    perform gatehouse.linkable_service(v.service_id);
  end if;
  if (p_change->>'is_primary')::boolean then
    update public.user_integrations ui set metadata = ui.metadata - 'primary'
     where ui.user_id = v.user_id and ui.service_id = v.service_id and ui.id <> v.id and ui.metadata ? 'primary';
  end if;
  update public.user_integrations ui
     set display_label = case when p_change ? 'display_label' then p_change->>'display_label' else ui.display_label end,
         external_username = case when p_change ? 'external_username' then p_change->>'external_username'
           else ui.external_username end,
         is_active = coalesce((p_change->>'is_active')::boolean, ui.is_active),
         metadata = (coalesce(nullif(p_change->'metadata', 'null'), ui.metadata) - 'primary')
           || case when coalesce((p_change->>'is_primary')::boolean, ui.metadata->'primary' = 'true', false)
              then '{"primary": true}'::jsonb else '{}' end
   where ui.id = v.id;
  if p_change->'metadata' <> 'null' then
    perform gatehouse.check_metadata(p_change->'metadata');
  end if;
  if (p_change->>'is_active')::boolean is distinct from v.is_active and p_change->>'is_active' is not null then
    perform gatehouse.check_events(v.user_id);
    perform gatehouse.note_integration(v, case when v.is_active then 'unlinked' else 'linked' end,
      (p_change->>'event_id')::uuid);
  end if;
  perform gatehouse.keep_effect(p_change->>'event_id', 'true');
  return 'done';
end $$;
--> statement-breakpoint
comment on function gatehouse.update_integration(jsonb) is 'Changes a link.';
--> statement-breakpoint
revoke all on function gatehouse.update_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.update_integration(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: jobs/cleanup_batch
-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; histories 365 days; a
-- device as long as its cookie; an Idempotency-Key eight days (it is good for one); a row that a job set aside a
-- week after it could be tried again (it is gone, or mended); a breaker a day after it could close.
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
    when 'email_changes' then
      delete from public.email_changes where id in (select id from public.email_changes
        where created_at < now() - interval '30 days' order by created_at limit p_limit for update skip locked);
    when 'connection_events' then
      delete from public.connection_events where id in (select id from public.connection_events
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'idempotency_keys' then
      delete from public.idempotency_keys where key_hash in (select key_hash from public.idempotency_keys
        where created_at < now() - interval '8 days' order by created_at limit p_limit for update skip locked);
    when 'job_failures' then
      delete from public.job_failures where (job, table_name, row_id) in (select job, table_name, row_id
        from public.job_failures where retry_at < now() - interval '7 days' order by retry_at limit p_limit
        for update skip locked);
    when 'connector_breakers' then
      delete from public.connector_breakers where (connector_id, client_id) in (select connector_id, client_id
        from public.connector_breakers where open_until < now() - interval '1 day' order by open_until limit p_limit
        for update skip locked);
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
-- function: oauth/answer_limit
-- How many bytes of values one answer of a job may hold. The database's HTTP endpoint answers 10 MiB at most, and text in
-- the clear can become twice as long on its way.
create or replace function gatehouse.answer_limit() returns integer
language sql immutable parallel safe
as $$ select 4 * 1024 * 1024 $$;
--> statement-breakpoint
comment on function gatehouse.answer_limit() is 'How many bytes of values one answer of a job may hold.';
--> statement-breakpoint
revoke all on function gatehouse.answer_limit() from public;
--> statement-breakpoint
grant execute on function gatehouse.answer_limit() to gatehouse_system;
--> statement-breakpoint
-- function: oauth/begin_connect
-- Stores the state of a redirect that will connect an account, for ten minutes: of the person who began it, for the subject.
-- p_state: {id, stateHash, connector, connectors, browserHash, redirectUrl, request: {scopes, parameters, connectionId,
-- service}}. A service gives the connector, where none is named, and adds its scopes; only users link services.
-- `connectors`: those that are set up, each with the scopes that the deployment needs. To connect again asks for what the
-- connection has, and more. Sent again with one id it is the same state, if all else is the same. Answers {outcome: begun |
-- an error code, connector, request, email}. Raises GH016, GH017.
create or replace function gatehouse.begin_connect(p_state jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request jsonb := p_state->'request';
  v_connector text := p_state->>'connector';
  v_service public.services;
  v public.oauth_connections;
begin
  perform gatehouse.lock_actor();
  if v_request->>'service' is not null then
    v_service := gatehouse.linkable_service(v_request->>'service');
    if gatehouse.uid() is null or v_connector <> v_service.connector_id then
      return '{"outcome": "input.invalid"}';
    end if;
    v_connector := v_service.connector_id;
  end if;
  if v_connector is null or not coalesce(p_state->'connectors' ? v_connector, true) then
    return '{"outcome": "provider.unknown"}';
  end if;
  if v_request->>'connectionId' is not null then
    v := gatehouse.own_connection(jsonb_build_object('connectionId', v_request->'connectionId'));
    if v.id is null or v.connector_id <> v_connector then
      return '{"outcome": "connection.not_found"}';
    end if;
    v_request := v_request || jsonb_build_object('parameters', v.parameters);
  end if;
  v_request := v_request || jsonb_build_object('scopes', (
    select coalesce(jsonb_agg(distinct s order by s), '[]') from (
      select jsonb_array_elements_text(v_request->'scopes') as s
      union select jsonb_array_elements_text(coalesce(p_state->'connectors'->v_connector, '[]'))
      union select jsonb_array_elements_text(coalesce(v_service.scopes, '[]'))
      union select s from regexp_split_to_table(v.scopes, ' ') s where s <> '') asked));
  insert into public.oauth_states
    (id, state_hash, purpose, connector, user_id, organization_id, request, browser_hash, redirect_url, expires_at)
  values ((p_state->>'id')::uuid, p_state->>'stateHash', 'connect', v_connector, gatehouse.actor_user_id(),
    gatehouse.organization_id(), v_request, p_state->>'browserHash', p_state->>'redirectUrl',
    now() + interval '10 minutes')
  on conflict (id) do nothing;
  if not found and not exists (select from public.oauth_states s
      where s.id = (p_state->>'id')::uuid and s.connector = v_connector and s.request = v_request
        and s.user_id = gatehouse.actor_user_id() and s.organization_id is not distinct from gatehouse.organization_id()
        and s.redirect_url is not distinct from p_state->>'redirectUrl') then
    return '{"outcome": "idempotency_key.reused"}';
  end if;
  return jsonb_build_object('outcome', 'begun', 'connector', v_connector, 'request', v_request, 'email',
    v.connector_metadata->v.connector_id->>'email');
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_connect(jsonb) is 'Stores the state of a redirect that will connect an account.';
--> statement-breakpoint
revoke all on function gatehouse.begin_connect(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_connect(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/bound_revocations
-- Of one owner at most 400 grants wait to be revoked: whoever disconnects without end gives up the earliest, and the trail
-- says so.
create or replace function gatehouse.bound_revocations(p_owner text) returns void
language plpgsql volatile
as $$
declare
  v_owner text[] := regexp_match(p_owner, '^(user|organization):(.*)$');
begin
  with given_up as (
    delete from public.grant_revocations g where g.id in (
      select r.id from public.grant_revocations r where r.owner = p_owner order by r.created_at desc, r.id offset 400)
    returning g.*
  )
  insert into public.connection_events (connection_id, user_id, organization_id, connector_id, event, evidence)
  select g.connection_id, case when v_owner[1] = 'user' then v_owner[2] end,
      case when v_owner[1] = 'organization' then v_owner[2]::uuid end, g.connector_id, 'revocation_given_up',
      jsonb_build_object('attempts', g.attempts)
    from given_up g;
end $$;
--> statement-breakpoint
comment on function gatehouse.bound_revocations(text) is 'Gives up the earliest revocations of an owner above 400.';
--> statement-breakpoint
revoke all on function gatehouse.bound_revocations(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.bound_revocations(text) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/breaker_key
-- Whose client a grant is refreshed with: what a breaker is kept under (connector_breakers.client_id). No other code builds this key.
-- Of the deployment's client: its id, '' where the grant names none. A grant that brought id and secret of a client has a
-- key of its owner's, so a wrong secret stops nobody else. Where a connector has parameters (a shop's domain) each stands for
-- a server of its own, and is part of the key.
create or replace function gatehouse.breaker_key(p_connection public.oauth_connections) returns text
language plpgsql stable
as $$
declare
  v_key text := coalesce(p_connection.client_id, '');
begin
  if gatehouse.has_own_client(p_connection) then
    v_key := 'own:' || encode(sha256(convert_to(
      jsonb_build_array(p_connection.owner, p_connection.client_id)::text, 'UTF8')), 'hex');
  end if;
  if p_connection.parameters = '{}' then
    return v_key;
  end if;
  return 'at:' || encode(sha256(convert_to(jsonb_build_array(v_key, p_connection.parameters)::text, 'UTF8')), 'hex');
end $$;
--> statement-breakpoint
comment on function gatehouse.breaker_key(public.oauth_connections) is 'Whose client a grant is refreshed with: the key of its breaker.';
--> statement-breakpoint
revoke all on function gatehouse.breaker_key(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.breaker_key(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_due
-- Takes overdue connections for one worker: their due time moves three minutes on, so that nobody else takes them
-- meanwhile, and they come back by themselves when the worker is lost. Of the oldest thousand at least, one of each owner
-- in turn: many of one owner hold up nobody else's. Answers [[id, version], …].
create or replace function gatehouse.claim_due(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with oldest as (
    select id, owner, next_refresh_at from public.oauth_connections where next_refresh_at <= now()
     order by next_refresh_at limit greatest(1000, 10 * p_limit)
  ), turns as (
    -- More than are taken: others may be taking them just now.
    select id, row_number() over (partition by owner order by next_refresh_at) as turn from oldest
     order by 2, next_refresh_at limit 4 * p_limit
  ), due as (
    select c.id from turns t join public.oauth_connections c on c.id = t.id
     where c.next_refresh_at <= now()
     order by t.turn, c.next_refresh_at limit p_limit for update of c skip locked
  ), claimed as (
    update public.oauth_connections c set next_refresh_at = now() + interval '3 minutes'
      from due where c.id = due.id returning c.id, c.version
  )
  select coalesce(jsonb_agg(jsonb_build_array(id, version)), '[]') into v_claimed from claimed;
  return v_claimed;
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_due(integer) is 'Takes a batch of connections that are due.';
--> statement-breakpoint
revoke all on function gatehouse.claim_due(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_due(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_revocations
-- Takes grants to revoke for one worker, for five minutes: of the oldest thousand at least, one of each owner in turn, and
-- of who has many later; no more than an answer holds, and at least one. `isShared`: the same account is connected elsewhere by the same client, so a
-- provider that ends a whole grant would end that one too. Answers [{id, owner, connector, …}, …].
create or replace function gatehouse.claim_revocations(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v_bytes bigint := 0;
  v_ids uuid[] := '{}';
  v_claimed jsonb[] := '{}';
begin
  for v_row in
      with oldest as (
        select id, owner, next_try_at from public.grant_revocations where next_try_at <= now()
         order by next_try_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by next_try_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, next_try_at limit 4 * p_limit
      )
      select r.id, jsonb_build_object('id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'clientId', r.client_id, 'clientSecret', r.client_secret, 'field', r.token_field,
          'token', r.token, 'parameters', r.parameters, 'attempts', r.attempts + 1, 'isShared', exists (
            select from public.oauth_connections c where c.connector_id = r.connector_id and c.account_id = r.account_id
               and c.client_id is not distinct from r.client_id)) as entry
        from turns t join public.grant_revocations r on r.id = t.id
       where r.next_try_at <= now()
       order by t.turn, r.next_try_at limit p_limit for update of r skip locked loop
    v_bytes := v_bytes + octet_length(v_row.entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.entry;
  end loop;
  update public.grant_revocations r set next_try_at = now() + interval '5 minutes', attempts = r.attempts + 1
   where r.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_revocations(integer) is 'Takes a batch of grants that are to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.claim_revocations(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_revocations(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_unidentified
-- Takes connections for one worker whose account is to be asked for: for ten minutes, in which it settles them. Of the
-- oldest thousand at least, one of each owner in turn, and of who has many later: nobody waits for these. No more than an
-- answer holds, and at least one. Answers them as sealed_connection does.
create or replace function gatehouse.claim_unidentified(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v_bytes bigint := 0;
  v_ids uuid[] := '{}';
  v_claimed jsonb[] := '{}';
begin
  for v_row in
      with oldest as (
        select id, owner, identify_at from public.oauth_connections where identify_at <= now()
         order by identify_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by identify_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, identify_at limit 4 * p_limit
      )
      select c.id, gatehouse.sealed_connection(c) as sealed from turns t join public.oauth_connections c on c.id = t.id
       where c.identify_at <= now()
       order by t.turn, c.identify_at limit p_limit for update of c skip locked loop
    v_bytes := v_bytes + octet_length(v_row.sealed::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.sealed;
  end loop;
  update public.oauth_connections c set identify_at = now() + interval '10 minutes' where c.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_unidentified(integer) is 'Takes a batch of connections whose account is not known yet.';
--> statement-breakpoint
revoke all on function gatehouse.claim_unidentified(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_unidentified(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/commit_refresh
-- Stores the tokens of a refresh: by id, version and lease, so that of two answers only the holder's counts. p_commit: {id,
-- version, leaseId, connection (as leased), tokens: {accessToken, refreshToken, clientSecret, tokenType, expiresIn,
-- refreshExpiresIn, scopes, nextRefreshIn}}; what is null stays, lifetimes aside. Answers committed; superseded (another set
-- came first); gone: disconnected meanwhile, so the new token is to be revoked as well.
create or replace function gatehouse.commit_refresh(p_commit jsonb) returns text
language plpgsql volatile
as $$
declare
  v_tokens jsonb := p_commit->'tokens';
  v_leased jsonb := p_commit->'connection';
  v_before public.oauth_connections;
  v public.oauth_connections;
begin
  select * into v_before from public.oauth_connections c where c.id = (p_commit->>'id')::uuid for no key update;
  if not found then
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
    values ((p_commit->>'leaseId')::uuid, (p_commit->>'id')::uuid, v_leased->>'owner', v_leased->>'connector',
      v_leased->>'accountId', v_leased->>'clientId', v_leased->>'clientSecret',
      case when v_tokens->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(v_tokens->>'refreshToken', v_tokens->>'accessToken'), coalesce(v_leased->'parameters', '{}'))
    on conflict (id) do nothing;
    return 'gone';
  elsif v_before.version <> (p_commit->>'version')::bigint
      or v_before.lease_id is distinct from (p_commit->>'leaseId')::uuid then
    return case when v_before.access_token = v_tokens->>'accessToken' then 'committed' else 'superseded' end;
  end if;
  update public.oauth_connections c
     set access_token = v_tokens->>'accessToken', refresh_token = coalesce(v_tokens->>'refreshToken', c.refresh_token),
         client_secret = coalesce(v_tokens->>'clientSecret', c.client_secret), token_type = v_tokens->>'tokenType',
         expires_at = now() + make_interval(secs => (v_tokens->>'expiresIn')::double precision),
         refresh_expires_at = coalesce(now() + make_interval(secs => (v_tokens->>'refreshExpiresIn')::double precision),
           c.refresh_expires_at),
         next_refresh_at = now() + make_interval(secs => (v_tokens->>'nextRefreshIn')::double precision),
         scopes = coalesce(v_tokens->>'scopes', c.scopes), last_refresh_at = now(), status = 'active',
         -- Whose account it is can be asked with the new token.
         identify_at = case when c.identify_at is not null then now() end,
         version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.id = v_before.id returning * into v;
  delete from public.connector_breakers where connector_id = v.connector_id and client_id = gatehouse.breaker_key(v);
  if v_before.failing_since is not null then
    perform gatehouse.note_connection(v, jsonb_build_object('id', p_commit->>'leaseId', 'event', 'recovered',
      'outbox', v_before.status <> 'active', 'evidence',
      jsonb_build_object('failingSince', v_before.failing_since, 'attempts', v_before.failure_count)));
  end if;
  return 'committed';
end $$;
--> statement-breakpoint
comment on function gatehouse.commit_refresh(jsonb) is 'Stores the tokens of a refresh, once a version.';
--> statement-breakpoint
revoke all on function gatehouse.commit_refresh(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.commit_refresh(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/connection_breaker
-- For the subject's own connection: whether its connector is left alone just now, until when, and why.
create or replace function gatehouse.connection_breaker(p_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select jsonb_build_object('openUntil', b.open_until, 'class', b.last_failure->>'class',
      'code', b.last_failure->>'code')
    from public.connector_breakers b, gatehouse.own_connection(jsonb_build_object('connectionId', p_id)) c
   where b.connector_id = c.connector_id and b.client_id = gatehouse.breaker_key(c) and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_breaker(uuid) is 'Whether the connector of a connection of the subject is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.connection_breaker(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_breaker(uuid) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/connection_entry
-- A connection as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.connection_entry(p_row public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'oauth_connections', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object('access_token', p_row.access_token, 'refresh_token', p_row.refresh_token,
      'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_entry(public.oauth_connections) is 'A connection as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.connection_entry(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_entry(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/connection_room
-- How many more connections an owner may have, brought or connected: 200 in all. Whoever asks has locked the owner.
create or replace function gatehouse.connection_room(p_owner text) returns integer
language plpgsql stable
as $$
begin
  return (select 200 - count(*) from (
    select from public.oauth_connections c where c.owner = p_owner limit 200) connections);
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_room(text) is 'How many more connections an owner may have.';
--> statement-breakpoint
revoke all on function gatehouse.connection_room(text) from public;
--> statement-breakpoint
-- function: oauth/drop_connection
-- Takes a connection out of the vault. Its token is kept, sealed as it was, only until the provider has revoked it.
create or replace function gatehouse.drop_connection(p_connection public.oauth_connections, p_event_id uuid) returns void
language plpgsql volatile
as $$
begin
  insert into public.grant_revocations
    (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
  select p_connection.id, p_connection.id, p_connection.owner, p_connection.connector_id, p_connection.account_id,
    p_connection.client_id, p_connection.client_secret,
    case when p_connection.refresh_token is null then 'access_token' else 'refresh_token' end,
    coalesce(p_connection.refresh_token, p_connection.access_token), p_connection.parameters
   where coalesce(p_connection.refresh_token, p_connection.access_token) <> ''
  on conflict (id) do nothing;
  perform gatehouse.bound_revocations(p_connection.owner);
  update public.connected_apps set disconnected_at = now()
   where organization_id = p_connection.organization_id and connection_id = p_connection.id;
  delete from public.oauth_connections where id = p_connection.id;
  perform gatehouse.note_connection(p_connection,
    jsonb_build_object('id', p_event_id, 'event', 'disconnected', 'outbox', true));
end $$;
--> statement-breakpoint
comment on function gatehouse.drop_connection(public.oauth_connections, uuid) is 'Takes a connection out of the vault, its grant to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.drop_connection(public.oauth_connections, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.drop_connection(public.oauth_connections, uuid) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/fail_refresh
-- Ends a lease whose refresh did not work. p_failed: {id, version, leaseId, result, failure: {class, code, status},
-- retryIn}. With a result the connection ends so; without one only the evidence is kept, and when to try again. That the
-- deployment's client is refused is the deployment's matter and leaves no mark at all; a client that came with the grant is
-- the grant's matter. Answers recorded, or superseded: somebody's newer tokens are there, and the failure says nothing about
-- them.
create or replace function gatehouse.fail_refresh(p_failed jsonb) returns text
language plpgsql volatile
as $$
declare
  v_failure jsonb := p_failed->'failure';
  v public.oauth_connections;
  v_is_new boolean;
begin
  select * into v from public.oauth_connections c where c.id = (p_failed->>'id')::uuid for no key update;
  if not found or v.version <> (p_failed->>'version')::bigint
      or v.lease_id is distinct from (p_failed->>'leaseId')::uuid then
    return 'superseded';
  elsif p_failed->>'result' is not null then
    perform gatehouse.end_connection(v, (p_failed->>'result')::public.oauth_status, v_failure);
    return 'recorded';
  end if;
  update public.oauth_connections
     set lease_id = null, lease_until = null, lease_doubtful = false,
         next_refresh_at = case when status = 'active'
           then now() + make_interval(secs => (p_failed->>'retryIn')::double precision) end
   where id = v.id;
  if v_failure->>'class' <> 'configuration' or gatehouse.has_own_client(v) then
    v_is_new := v.last_failure->>'code' is distinct from v_failure->>'code';
    update public.oauth_connections
       set failure_count = failure_count + 1, failing_since = coalesce(failing_since, now()),
           last_failure = v_failure || jsonb_build_object('at', now())
     where id = v.id returning * into v;
    if v_is_new then
      perform gatehouse.note_connection(v, jsonb_build_object('event', 'refresh_failed', 'evidence',
        v.last_failure || jsonb_build_object('attempt', v.failure_count, 'nextTryAt', v.next_refresh_at)));
    end if;
  end if;
  return 'recorded';
end $$;
--> statement-breakpoint
comment on function gatehouse.fail_refresh(jsonb) is 'Ends a lease whose refresh did not work.';
--> statement-breakpoint
revoke all on function gatehouse.fail_refresh(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.fail_refresh(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/has_own_client
-- Whether a grant brought its own client, id and secret: then the deployment's secret is never sent for it, as
-- src/domain/oauth/client.ts has it.
create or replace function gatehouse.has_own_client(p_connection public.oauth_connections) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_connection.client_id is not null and p_connection.client_secret is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.has_own_client(public.oauth_connections) is 'Whether a grant brought id and secret of a client.';
--> statement-breakpoint
revoke all on function gatehouse.has_own_client(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.has_own_client(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/integration_entry
-- An integration as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.integration_entry(p_row public.user_integrations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'user_integrations', 'id', p_row.id, 'owner', 'user:' || p_row.user_id,
      'connector', p_row.service_id, 'accountId', coalesce(p_row.external_user_id, '')),
    jsonb_build_object('credentials', gatehouse.credentials_text(p_row.credentials), 'auth_code', p_row.auth_code));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_entry(public.user_integrations) is 'An integration as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_entry(public.user_integrations) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_entry(public.user_integrations) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/is_set_aside
-- Whether a row is left out by a job for now, since it could not be worked on the last time.
create or replace function gatehouse.is_set_aside(p_job text, p_table text, p_id uuid) returns boolean
language plpgsql stable
as $$
begin
  return exists (select from public.job_failures f
    where f.job = p_job and f.table_name = p_table and f.row_id = p_id and f.retry_at > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.is_set_aside(text, text, uuid) is 'Whether a row is left out by a job for now.';
--> statement-breakpoint
revoke all on function gatehouse.is_set_aside(text, text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_set_aside(text, text, uuid) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/lease_connections
-- Leases a claimed batch in one trip. p_rows: [[id, version], …]; p_lease: see take_lease. Left out: whoever moved on, is
-- leased, or has a connector that is left alone (those wait for it, spread over a minute). What can not be refreshed any
-- more is ended here. What an answer does not hold any more is given back and due at once; at least one is leased. Answers
-- [{connection, isUnanswered}, …]. In the order of ids, so that two batches cannot deadlock.
create or replace function gatehouse.lease_connections(p_rows jsonb, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v public.oauth_connections;
  v_paused_until timestamptz;
  v_lease jsonb;
  v_size integer;
  v_bytes bigint := 0;
  v_leased jsonb[] := '{}';
begin
  for v_row in select (r->>0)::uuid as id, r->1 as version from jsonb_array_elements(p_rows) r order by 1 loop
    -- The size is checked before the lease is taken: one that is taken and given back looks like one whose answer was lost.
    v_size := coalesce((select octet_length(gatehouse.sealed_connection(c)::text)
      from public.oauth_connections c where c.id = v_row.id), 0);
    if v_bytes + v_size > gatehouse.answer_limit() and cardinality(v_leased) > 0 then
      update public.oauth_connections c set next_refresh_at = now()
       where c.id = v_row.id and to_jsonb(c.version) = v_row.version and c.next_refresh_at > now()
         and (c.lease_until is null or c.lease_until <= now());
      continue;
    end if;
    v_lease := gatehouse.take_lease(v_row.id, p_lease || jsonb_build_object('version', v_row.version));
    continue when v_lease->>'outcome' <> 'leased';
    select * into v from public.oauth_connections c where c.id = v_row.id;
    v_paused_until := gatehouse.open_breaker_until(v);
    if p_lease ? 'refreshable' and not p_lease->'refreshable' ? v.connector_id then
      -- No code here knows it: whoever brought the grant renews it.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = null where id = v.id;
    elsif (v.refresh_token is null or v.refresh_expires_at <= now()) and v.expires_at > now() then
      -- The token in hand is good to its end.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = v.expires_at
       where id = v.id;
    elsif v.refresh_token is null or v.refresh_expires_at <= now() then
      perform gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
        'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
    elsif v_paused_until is not null then
      update public.oauth_connections set lease_id = null, lease_until = null,
        next_refresh_at = v_paused_until + random() * interval '1 minute' where id = v.id;
    else
      v_bytes := v_bytes + v_size;
      v_leased := v_leased || (v_lease - 'outcome');
    end if;
  end loop;
  return to_jsonb(v_leased);
end $$;
--> statement-breakpoint
comment on function gatehouse.lease_connections(jsonb, jsonb) is 'Leases a claimed batch of connections.';
--> statement-breakpoint
revoke all on function gatehouse.lease_connections(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.lease_connections(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/make_primary
-- Makes a connection of the subject the one that is meant when no account is named. Definer: members write no metadata.
-- Sent again it changes nothing. Answers done, or connection.not_found.
create or replace function gatehouse.make_primary(p_connection_id uuid) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(jsonb_build_object('connectionId', p_connection_id));
begin
  if v.id is null then
    return 'connection.not_found';
  elsif gatehouse.is_repeated('primary') then
    return 'done';
  end if;
  perform from public.oauth_connections c
    where c.owner = v.owner and c.connector_id = v.connector_id order by c.id for no key update;
  update public.oauth_connections c
     set connector_metadata = case when c.id = v.id then c.connector_metadata || '{"primary": true}'
       else c.connector_metadata - 'primary' end
   where c.owner = v.owner and c.connector_id = v.connector_id
     and (c.id = v.id) is distinct from coalesce(c.connector_metadata->'primary' = 'true', false);
  perform gatehouse.keep_effect('primary', 'true');
  return 'done';
end $$;
--> statement-breakpoint
comment on function gatehouse.make_primary(uuid) is 'Makes a connection of the subject the one that is meant by default.';
--> statement-breakpoint
revoke all on function gatehouse.make_primary(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.make_primary(uuid) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/note_connection
-- One row of a connection's trail; with `outbox`, the event for webhooks as well, in the same statement's transaction.
-- Both say which user acted; the event where it is another than the owner. p_note: {id, event, evidence, outbox}. Sent
-- again with one id it is the same row.
create or replace function gatehouse.note_connection(p_connection public.oauth_connections, p_note jsonb) returns void
language plpgsql volatile
as $$
declare
  v_id uuid := coalesce((p_note->>'id')::uuid, gen_random_uuid());
begin
  insert into public.connection_events
    (id, connection_id, user_id, organization_id, connector_id, event, actor_kind, actor_id,
     actor_user_id, evidence)
  values (v_id, p_connection.id, p_connection.user_id, p_connection.organization_id, p_connection.connector_id,
    p_note->>'event', gatehouse.actor_kind(), gatehouse.actor_id(), gatehouse.actor_user_id(), p_note->'evidence')
  on conflict (id) do nothing;
  if (p_note->>'outbox')::boolean then
    insert into public.outbox (id, type, user_id, organization_id, subject_id, payload)
    values (v_id, 'connection.' || (p_note->>'event'), p_connection.user_id, p_connection.organization_id,
      p_connection.id::text, jsonb_strip_nulls(jsonb_build_object('connector', p_connection.connector_id,
        'accountId', p_connection.account_id, 'reason', p_note->'evidence'->>'code',
        'actorUserId', nullif(gatehouse.actor_user_id(), p_connection.user_id))))
    on conflict (id) do nothing;
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_connection(public.oauth_connections, jsonb) is 'Adds a row to a connection''s trail, and to the outbox where others wait for it.';
--> statement-breakpoint
revoke all on function gatehouse.note_connection(public.oauth_connections, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.note_connection(public.oauth_connections, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/note_token_read
-- Notes that a token was handed out, and to whom: at most once a minute, and never waiting for anybody; but to somebody else
-- than its owner each time, so that the owner's own reads hide nobody's.
create or replace function gatehouse.note_token_read(p_connection public.oauth_connections) returns void
language plpgsql volatile
as $$
begin
  update public.oauth_connections set last_used_at = now() where id in (
    select c.id from public.oauth_connections c
     where c.id = p_connection.id and (c.last_used_at is null or c.last_used_at < now() - interval '1 minute')
       for no key update skip locked);
  if found or gatehouse.actor_user_id() <> p_connection.user_id then
    perform gatehouse.note_connection(p_connection, '{"event": "token_read"}');
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_token_read(public.oauth_connections) is 'Notes the use of a connection, at most once a minute.';
--> statement-breakpoint
revoke all on function gatehouse.note_token_read(public.oauth_connections) from public;
--> statement-breakpoint
-- function: oauth/open_breaker
-- Leaves a connector alone for a while, longer each time in a row, for the grants of one client. p_breaker: {connector, key
-- (gatehouse.breaker_key), isAlert, seconds, maxSeconds, failure}. maxSeconds bounds the first time too: a provider that asks
-- for longer (Retry-After) is not believed beyond it. Whoever finds it open already changes nothing. The first time that
-- the deployment's client is refused (isAlert) is an event: one alert, however many connections wait. Answers {isNew,
-- seconds}: how long it is open from now.
create or replace function gatehouse.open_breaker(p_breaker jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.connector_breakers;
  v_is_new boolean;
  v_max double precision := (p_breaker->>'maxSeconds')::double precision;
  v_seconds double precision := least(v_max, (p_breaker->>'seconds')::double precision);
begin
  insert into public.connector_breakers (connector_id, client_id, opened_at, open_until, last_failure)
  values (p_breaker->>'connector', p_breaker->>'key', now(), now() + make_interval(secs => v_seconds),
    p_breaker->'failure' || jsonb_build_object('at', now()))
  on conflict (connector_id, client_id) do nothing;
  v_is_new := found;
  if not v_is_new then
    update public.connector_breakers b
       set open_until = now() + make_interval(secs => least(v_max, v_seconds * 2 ^ least(b.trips, 20))),
           trips = b.trips + 1, last_failure = p_breaker->'failure' || jsonb_build_object('at', now())
     where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key'
       and b.open_until <= now();
  end if;
  select * into v from public.connector_breakers b
   where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key';
  if v_is_new and (p_breaker->>'isAlert')::boolean then
    insert into public.outbox (type, subject_id, payload) values ('connector.misconfigured', v.connector_id,
      jsonb_build_object('connector', v.connector_id, 'reason', p_breaker->'failure'->>'code'));
  end if;
  return jsonb_build_object('isNew', v_is_new,
    'seconds', greatest(1, coalesce(extract(epoch from v.open_until - now()), v_seconds)));
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker(jsonb) is 'Leaves a connector alone for a while.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/open_breaker_until
-- Until when the connector of a connection is left alone, for its client; null when it is not.
create or replace function gatehouse.open_breaker_until(p_connection public.oauth_connections) returns timestamptz
language plpgsql stable
as $$
begin
  return (select b.open_until from public.connector_breakers b
    where b.connector_id = p_connection.connector_id and b.client_id = gatehouse.breaker_key(p_connection)
      and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker_until(public.oauth_connections) is 'Until when the connector of a connection is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker_until(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker_until(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/read_token
-- A token of the subject's connection in one trip: the fresh one, or the lease to refresh it. Definer: members read no
-- tokens. p_request: see own_connection, plus lease {id, seconds, isForced, singleUse, refreshable}. A refresh by
-- hand is forced, though not within thirty seconds of the last. Connectors not in `refreshable` have no code here: their
-- tokens are handed out as they came, and no status says when they ran out: whoever brought them
-- renews them. Answers {outcome, connection, retryAfter}:
-- not_connected; fresh (use it); leased (refresh it, and commit); busy (somebody else does); failing (it has run out, and the
-- next try is due later); needs_reauthorization.
create or replace function gatehouse.read_token(p_request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(p_request);
  v_is_forced boolean := coalesce((p_request->'lease'->>'isForced')::boolean, false)
    and (v.last_refresh_at is null or v.last_refresh_at < now() - interval '30 seconds');
  v_is_good boolean := gatehouse.is_usable(v);
  v_is_known boolean := not p_request->'lease' ? 'refreshable' or p_request->'lease'->'refreshable' ? v.connector_id;
  v_can_refresh boolean := v.refresh_token is not null and v_is_known;
  v_paused_until timestamptz;
  v_lease jsonb := '{"outcome": "settled"}';
begin
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status = 'active' and not v_is_good and not v_is_known then
    v.status := 'expired';
  elsif v.status = 'active' and not v_is_good and (v.refresh_token is null or v.refresh_expires_at <= now()) then
    v := gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
      'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
  end if;
  if v.status <> 'active' and not (v_is_forced and v.status = 'error' and v_can_refresh) then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  end if;
  if v_can_refresh and (v_is_forced or not v_is_good
      or (v.next_refresh_at <= now() and (v.refresh_expires_at is null or v.refresh_expires_at > now()))) then
    v_paused_until := case when not v_is_forced then gatehouse.open_breaker_until(v) end;
    if v_paused_until is null then
      v_lease := gatehouse.take_lease(v.id, p_request->'lease' || jsonb_build_object('isForced', v_is_forced));
    end if;
    if v_lease->>'outcome' in ('leased', 'busy') then
      if not v_is_forced then
        perform gatehouse.note_token_read(v);
      end if;
      return v_lease;
    elsif v_paused_until is null then
      -- Somebody was here between the two looks: what they left counts.
      select * into v from public.oauth_connections c where c.id = v.id;
      v_is_good := gatehouse.is_usable(v);
    end if;
  end if;
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status <> 'active' then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  elsif not v_is_good then
    return jsonb_build_object('outcome', 'failing', 'connection', gatehouse.sealed_connection(v), 'retryAfter',
      ceil(greatest(1, extract(epoch from coalesce(v_paused_until, v.next_refresh_at) - now()))));
  end if;
  if v.last_used_at is null or v.last_used_at < now() - interval '1 minute' or gatehouse.actor_user_id() <> v.user_id then
    perform gatehouse.note_token_read(v);
  end if;
  return jsonb_build_object('outcome', 'fresh', 'connection', gatehouse.sealed_connection(v));
end $$;
--> statement-breakpoint
comment on function gatehouse.read_token(jsonb) is 'A token of the subject''s connection, or the lease to refresh it.';
--> statement-breakpoint
revoke all on function gatehouse.read_token(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.read_token(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/reseal_values
-- Puts newly sealed values where the very old ones still are: a refresh or a SQL write in between keeps its own. The version
-- stays, so a refresh that is on its way is not lost. p_rows: [{table, id, owner, accountId, from: {field: text}, to:
-- {field: envelope}}, …]; of a row that got its first seals also version and nextRefreshIn (seconds), when it is due. What
-- worked out is set aside no longer.
create or replace function gatehouse.reseal_values(p_rows jsonb) returns integer
language plpgsql volatile
as $$
declare
  v_connections integer;
  v_integrations integer;
  v_revocations integer;
begin
  update public.oauth_connections c
     set access_token = case when c.access_token = r->'from'->>'access_token'
           then r->'to'->>'access_token' else c.access_token end,
         refresh_token = case when c.refresh_token = r->'from'->>'refresh_token'
           then r->'to'->>'refresh_token' else c.refresh_token end,
         client_secret = case when c.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else c.client_secret end,
         next_refresh_at = case when c.next_refresh_at is null and c.status = 'active' and c.version = (r->>'version')::bigint
           then now() + make_interval(secs => (r->>'nextRefreshIn')::double precision) else c.next_refresh_at end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'oauth_connections' and c.id = (r->>'id')::uuid
     -- A seal is for its owner and account: those may have changed since as well.
     and c.owner = coalesce(r->>'owner', c.owner) and c.account_id = coalesce(r->>'accountId', c.account_id);
  get diagnostics v_connections = row_count;
  update public.user_integrations ui
     set credentials = case when gatehouse.credentials_text(ui.credentials) = r->'from'->>'credentials'
           then r->'to'->'credentials' else ui.credentials end,
         auth_code = case when ui.auth_code = r->'from'->>'auth_code' then r->'to'->>'auth_code' else ui.auth_code end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'user_integrations' and ui.id = (r->>'id')::uuid and 'user:' || ui.user_id = r->>'owner'
     and ui.service_id = r->>'connector' and coalesce(ui.external_user_id, '') = r->>'accountId';
  get diagnostics v_integrations = row_count;
  update public.grant_revocations g
     set token = case when g.token = r->'from'->>g.token_field then r->'to'->>g.token_field else g.token end,
         client_secret = case when g.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else g.client_secret end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'grant_revocations' and g.id = (r->>'id')::uuid;
  get diagnostics v_revocations = row_count;
  delete from public.job_failures f using jsonb_array_elements(p_rows) r
   where f.job in ('reseal', 'seal') and f.table_name = r->>'table' and f.row_id = (r->>'id')::uuid;
  return v_connections + v_integrations + v_revocations;
end $$;
--> statement-breakpoint
comment on function gatehouse.reseal_values(jsonb) is 'Puts newly sealed values where the old ones still are.';
--> statement-breakpoint
revoke all on function gatehouse.reseal_values(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.reseal_values(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/revocation_entry
-- A grant that waits to be revoked as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.revocation_entry(p_row public.grant_revocations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'grant_revocations', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object(p_row.token_field, p_row.token, 'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.revocation_entry(public.grant_revocations) is 'A grant to revoke as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.revocation_entry(public.grant_revocations) from public;
--> statement-breakpoint
grant execute on function gatehouse.revocation_entry(public.grant_revocations) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/sealed_connection
-- A connection as the Worker needs it to use or refresh it. Values stay sealed; times are seconds from now, so that only
-- one clock counts.
create or replace function gatehouse.sealed_connection(p_connection public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object('id', p_connection.id, 'owner', p_connection.owner, 'connector', p_connection.connector_id,
    'accountId', p_connection.account_id, 'clientId', p_connection.client_id, 'clientSecret', p_connection.client_secret,
    'breakerKey', gatehouse.breaker_key(p_connection),
    'accessToken', p_connection.access_token, 'refreshToken', p_connection.refresh_token,
    'tokenType', p_connection.token_type, 'scopes', p_connection.scopes, 'status', p_connection.status,
    'version', p_connection.version, 'parameters', p_connection.parameters,
    'expiresAt', p_connection.expires_at, 'failureCount', p_connection.failure_count,
    'lastFailure', p_connection.last_failure, 'isDoubtful', p_connection.lease_doubtful,
    'secondsLeft', extract(epoch from p_connection.expires_at - now()));
end $$;
--> statement-breakpoint
comment on function gatehouse.sealed_connection(public.oauth_connections) is 'A connection with its sealed values, for the Worker.';
--> statement-breakpoint
revoke all on function gatehouse.sealed_connection(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.sealed_connection(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/set_aside
-- Sets rows aside that a job could not work on: for an hour, then two, twice as long each time, a day at most. p_rows:
-- [{table, id, code}, …]. One that is set aside already stays so: the same statement sent again counts once.
create or replace function gatehouse.set_aside(p_job text, p_rows jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.job_failures as f (job, table_name, row_id, last_failure, retry_at)
  select p_job, r->>'table', (r->>'id')::uuid, jsonb_build_object('code', r->'code', 'at', now()), now() + interval '1 hour'
    from jsonb_array_elements(p_rows) r order by 2, 3
  on conflict (job, table_name, row_id) do update
    set attempts = f.attempts + 1, last_failure = excluded.last_failure,
        retry_at = now() + least(24, 2 ^ least(f.attempts, 5)) * interval '1 hour'
   where f.retry_at <= now();
end $$;
--> statement-breakpoint
comment on function gatehouse.set_aside(text, jsonb) is 'Sets rows aside that a job could not work on.';
--> statement-breakpoint
revoke all on function gatehouse.set_aside(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.set_aside(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/store_connection
-- Keeps a grant in the vault: a new connection of the subject, or the same account once more, in place. Definer: members
-- write no tokens. p_grant: {id, eventId, begunBy, connectionId, connector, accountId, issuer, subject, clientId,
-- accessToken, refreshToken, tokenType, expiresIn, refreshExpiresIn, nextRefreshIn, scopes, metadata, parameters, service,
-- linkEventId}. With a connectionId the account must be that connection's: connecting another one in its place would give
-- a user's automations to somebody else. Of a grant that was brought without an account it takes that place, unless its
-- links know another account. A service is linked to it. A grant that is not kept is revoked. Answers {outcome: connected
-- | an error code, id}.
create or replace function gatehouse.store_connection(p_grant jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_before public.oauth_connections;
  v public.oauth_connections;
  v_refusal text;
  v_asked public.oauth_connections;
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
begin
  if p_grant->>'begunBy' is distinct from gatehouse.actor_user_id() then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform gatehouse.lock_actor();
  perform from public.organizations o where o.id = gatehouse.organization_id() for no key update;
  v_before := gatehouse.own_connection(jsonb_build_object('connector', p_grant->'connector', 'accountId', p_grant->'accountId'));
  if exists (select from public.connection_events e
      where e.id = (p_grant->>'eventId')::uuid and e.connection_id = v_before.id) then
    -- Sent again: it is kept already.
    return jsonb_build_object('outcome', 'connected', 'id', v_before.id);
  elsif p_grant->>'connectionId' is not null then
    v_asked := gatehouse.own_connection(jsonb_build_object('connectionId', p_grant->'connectionId'));
  end if;
  v_refusal := case
    when p_grant->>'connectionId' is not null and v_asked.id is null then 'connection.not_found'
    when v_asked.id is not null and v_asked.id is distinct from v_before.id
      and not gatehouse.can_become(v_asked, p_grant) then 'connection.wrong_account'
    when p_grant->>'service' is not null and not exists (select from public.services s
      where s.id = p_grant->>'service' and s.is_active and s.connector_id = p_grant->>'connector') then 'service.inactive'
    when p_grant->>'service' is not null and gatehouse.link_room(gatehouse.uid()) <= 0 and not exists (
        select from public.user_integrations ui where ui.user_id = gatehouse.uid() and ui.service_id = p_grant->>'service'
           and (ui.connection_id = v_before.id or ui.external_user_id in (p_grant->>'accountId',
             p_grant->'metadata'->(p_grant->>'connector')->>'email'))) then 'integration.limit_reached'
    when v_before.id is null and gatehouse.connection_room(v_owner) <= 0
    then 'connection.limit_reached' end;
  if v_refusal is not null then
    -- The provider gave it already: what is not kept is given back.
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, token_field, token, parameters)
    values ((p_grant->>'id')::uuid, (p_grant->>'id')::uuid, v_owner, p_grant->>'connector', p_grant->>'accountId',
      p_grant->>'clientId', case when p_grant->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(p_grant->>'refreshToken', p_grant->>'accessToken'), p_grant->'parameters')
    on conflict (id) do nothing;
    perform gatehouse.bound_revocations(v_owner);
    return jsonb_build_object('outcome', v_refusal);
  end if;
  insert into public.oauth_connections as c
    (id, user_id, organization_id, connector_id, account_id, client_id, access_token, refresh_token, token_type,
     expires_at, refresh_expires_at, next_refresh_at, scopes, connector_metadata, parameters, created_by)
  values ((p_grant->>'id')::uuid, gatehouse.uid(), gatehouse.organization_id(), p_grant->>'connector',
    p_grant->>'accountId', p_grant->>'clientId', p_grant->>'accessToken', p_grant->>'refreshToken',
    p_grant->>'tokenType', now() + make_interval(secs => (p_grant->>'expiresIn')::double precision),
    now() + make_interval(secs => (p_grant->>'refreshExpiresIn')::double precision),
    now() + make_interval(secs => (p_grant->>'nextRefreshIn')::double precision), p_grant->>'scopes',
    p_grant->'metadata', p_grant->'parameters', gatehouse.actor_user_id())
  on conflict (owner, connector_id, account_id) do update
    set access_token = excluded.access_token,
        refresh_token = coalesce(excluded.refresh_token, case when c.client_id = excluded.client_id then c.refresh_token end),
        client_id = excluded.client_id, client_secret = null, token_type = excluded.token_type,
        expires_at = excluded.expires_at, refresh_expires_at = case when excluded.refresh_token is null
          then c.refresh_expires_at else excluded.refresh_expires_at end,
        next_refresh_at = excluded.next_refresh_at, scopes = excluded.scopes, parameters = excluded.parameters,
        connector_metadata = c.connector_metadata || excluded.connector_metadata, status = 'active', granted_at = now(),
        created_by = coalesce(c.created_by, excluded.created_by), identify_at = null, version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
  if v_asked.id <> v.id then
    update public.user_integrations ui set connection_id = v.id, is_active = true
     where ui.user_id = v.user_id and ui.connection_id = v_asked.id;
    perform gatehouse.name_account(v, p_grant->'metadata'->v.connector_id->>'email');
  end if;
  if p_grant->>'service' is not null and v.user_id is not null then
    perform gatehouse.link_connection(v, p_grant->>'service', (p_grant->>'linkEventId')::uuid);
  end if;
  update public.oauth_accounts a set connection_id = v.id
   where a.user_id = v.user_id and a.issuer = p_grant->>'issuer' and a.provider_user_id = p_grant->>'subject';
  if v.organization_id is not null then
    insert into public.connected_apps (organization_id, user_id, connection_id, provider, provider_account_id)
    values (v.organization_id, gatehouse.actor_user_id(), v.id, v.connector_id, v.account_id)
    on conflict (organization_id, connection_id) do nothing;
  end if;
  perform gatehouse.note_connection(v, jsonb_build_object('id', p_grant->>'eventId', 'outbox', true, 'event',
    case when v_before.id is null then 'connected' when v_before.status <> 'active' then 'recovered'
      else 'reconnected' end, 'evidence', jsonb_build_object('scopes', v.scopes)));
  return jsonb_build_object('outcome', 'connected', 'id', v.id);
end $$;
--> statement-breakpoint
comment on function gatehouse.store_connection(jsonb) is 'Keeps a grant of the subject in the vault.';
--> statement-breakpoint
revoke all on function gatehouse.store_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.store_connection(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/values_to_reseal
-- Rows with values under other keys than the active one, at most p_limit and no more than an answer holds. p_keys: those
-- keys, of the ring; `?` stands for rows whose values are not all under one key. Owner by owner, a look at the index for
-- each: 25 rows of every owner and 64 KiB (or one row), so that one who has many or large ones holds up nobody; where one
-- owner alone is left, more. Left out: a row under a key that nobody has, which would come back for
-- ever; what is not sealed at all (values_to_seal); what is set aside. Answers what vault_entry makes of each.
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_key text;
  v_share integer;
  v_most integer;
  v_entry jsonb;
  v_bytes bigint := 0;
  v_taken uuid[] := '{}';
  v_found jsonb[] := '{}';
begin
  <<shares>>
  foreach v_share in array array[25, 100] loop
    -- The second time is for the one owner who is left.
    exit when v_share = 100 and (select count(distinct e->>'owner') from unnest(v_found) e) > 1;
    v_most := case v_share when 25 then 65536 else 1048576 end;
    foreach v_key in array p_keys || '?'::text loop
      for v_entry in
          with recursive connection_owners as (
            (select c.owner from public.oauth_connections c where c.key_id = v_key order by c.owner limit 1)
            union all
            select (select c.owner from public.oauth_connections c where c.key_id = v_key and c.owner > o.owner
                     order by c.owner limit 1)
              from connection_owners o where o.owner is not null
          ), users as (
            (select ui.user_id from public.user_integrations ui where ui.key_id = v_key order by ui.user_id limit 1)
            union all
            select (select ui.user_id from public.user_integrations ui where ui.key_id = v_key and ui.user_id > u.user_id
                     order by ui.user_id limit 1)
              from users u where u.user_id is not null
          )
          select e.entry from connection_owners o cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.connection_entry(found.c) as entry, row_number() over (order by found.id) as turn from (
                select c, c.id from public.oauth_connections c
                 where c.key_id = v_key and c.owner = o.owner and not c.id = any (v_taken)
                   and (gatehouse.sealed_under(c.access_token, p_keys) or gatehouse.sealed_under(c.refresh_token, p_keys)
                     or gatehouse.sealed_under(c.client_secret, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'oauth_connections', c.id)
                 order by c.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most
          union all
          select e.entry from users u cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.integration_entry(found.ui) as entry, row_number() over (order by found.id) as turn from (
                select ui, ui.id from public.user_integrations ui
                 where ui.key_id = v_key and ui.user_id = u.user_id and not ui.id = any (v_taken)
                   and (gatehouse.sealed_under(ui.credentials #>> '{}', p_keys)
                     or gatehouse.sealed_under(ui.auth_code, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'user_integrations', ui.id)
                 order by ui.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most loop
        v_bytes := v_bytes + octet_length(v_entry::text);
        exit shares when cardinality(v_found) >= p_limit
          or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
        v_found := v_found || v_entry;
        v_taken := v_taken || (v_entry->>'id')::uuid;
      end loop;
    end loop;
  end loop;
  -- What waits to be revoked is read whole: few wait, and not for long.
  for v_entry in
      select gatehouse.revocation_entry(r) from (
        select g.id, row_number() over (partition by g.owner order by g.id) as turn from public.grant_revocations g
         where (gatehouse.sealed_under(g.token, p_keys) or gatehouse.sealed_under(g.client_secret, p_keys))
           and not gatehouse.is_set_aside('reseal', 'grant_revocations', g.id)
         order by 2, 1 limit p_limit) t join public.grant_revocations r on r.id = t.id order by t.turn, t.id loop
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when cardinality(v_found) >= p_limit
      or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/values_to_seal
-- Rows of one table with values in the clear, by id after p_after, no more than an answer holds and at least one; left out
-- is what is set aside: what cannot be sealed holds up nothing. Answers what vault_entry makes of each, of a connection
-- also what it takes to say when it is due: version, status, hasRefreshToken, secondsLeft.
create or replace function gatehouse.values_to_seal(p_table text, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_entry jsonb;
  v_bytes bigint := 0;
  v_found jsonb[] := '{}';
  v_connection public.oauth_connections;
  v_integration public.user_integrations;
  v_revocation public.grant_revocations;
begin
  -- One by one, since each is read whole: what does not fit is not read.
  for v_connection in select * from public.oauth_connections c
     where p_table = 'oauth_connections' and c.id > p_after
       and ((access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
         or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, c.id)
     order by c.id limit p_limit loop
    v_entry := gatehouse.connection_entry(v_connection) || jsonb_build_object('version', v_connection.version,
      'status', v_connection.status, 'hasRefreshToken', v_connection.refresh_token is not null,
      'secondsLeft', extract(epoch from v_connection.expires_at - now()));
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_integration in select * from public.user_integrations ui
     where p_table = 'user_integrations' and ui.id > p_after
       and (left(credentials #>> '{}', 12) <> 'gatehouse:1:' or left(auth_code, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, ui.id)
     order by ui.id limit p_limit loop
    v_entry := gatehouse.integration_entry(v_integration);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_revocation in select * from public.grant_revocations r
     where p_table = 'grant_revocations' and r.id > p_after
       and (left(r.token, 12) <> 'gatehouse:1:' or left(r.client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, r.id)
     order by r.id limit p_limit loop
    v_entry := gatehouse.revocation_entry(v_revocation);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_seal(text, uuid, integer) is 'Rows of a table with values in the clear.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_seal(text, uuid, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_seal(text, uuid, integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/vault_entry
-- A row as the jobs that seal take it: {table, id, owner, connector, accountId, values: {field: text}}. Of a row that no
-- answer holds the values are left out, and isTooLarge says so.
create or replace function gatehouse.vault_entry(p_row jsonb, p_values jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if octet_length(p_values::text) > gatehouse.answer_limit() then
    return p_row || '{"values": {}, "isTooLarge": true}';
  end if;
  return p_row || jsonb_build_object('values', jsonb_strip_nulls(p_values));
end $$;
--> statement-breakpoint
comment on function gatehouse.vault_entry(jsonb, jsonb) is 'A row as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.vault_entry(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.vault_entry(jsonb, jsonb) to gatehouse_system;
