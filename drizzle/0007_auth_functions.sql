-- function: auth/begin_passkey_registration
-- What a registration needs: the user's stable handle of 64 random bytes (WebAuthn §14.6.1; made at the first passkey,
-- never changed), names for the authenticator to show, and the passkeys there are. Definer, since no member reads or
-- writes the handle.
create or replace function gatehouse.begin_passkey_registration(p_new_handle bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
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
-- function: auth/begin_step_up
-- By what the subject can prove anew who they are: its passkeys, and whether a mail can go to a verified address.
create or replace function gatehouse.begin_step_up() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('passkeys', gatehouse.passkey_ids(u.id),
             'hasVerifiedEmail', u.email is not null and u.email_verified_at is not null)
      from public.users u where u.id = gatehouse.uid()
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_step_up() is 'By what the subject can prove anew who they are.';
--> statement-breakpoint
revoke all on function gatehouse.begin_step_up() from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_step_up() to gatehouse_member;
--> statement-breakpoint
-- function: auth/change_email
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
--> statement-breakpoint
-- function: auth/create_session
-- A new session row (requirement 3 §1.1) and its login_success. An administrator's session has the admin profile,
-- whatever was asked for.
-- p_session: {id, tokenHash, authMethod, profile, deviceType, deviceName, browser, os, ipAddress, city, country,
-- deviceInfo, location}
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
     location_city, location_country, idle_timeout, expires_at)
  values ((p_session->>'id')::uuid, p_user_id, p_session->>'tokenHash', p_session->>'authMethod', v_profile,
    p_session->>'deviceType', p_session->>'deviceName', p_session->>'browser', p_session->>'os',
    (p_session->>'ipAddress')::inet, p_session->>'city', p_session->>'country', v_limits.idle,
    now() + v_limits.absolute);
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
-- Makes a token for the subject; a person is told. Definer: nobody writes tokens but these functions.
-- p_token: see insert_token; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.create_token(p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_created jsonb := gatehouse.insert_token(p_token);
begin
  if v_created->>'outcome' = 'created' and gatehouse.uid() is not null then
    perform gatehouse.record_login(gatehouse.uid(), 'token_created', null, p_facts);
    v_created := v_created || jsonb_build_object('alert',
      gatehouse.raise_alert(gatehouse.uid(), 'token_created', p_facts->'alert', null, '{}'));
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
-- function: auth/end_session
-- Sign-out: revokes the credential that entered and notes it. Definer, since members write neither; it acts on nothing
-- but the caller's own session.
create or replace function gatehouse.end_session(p_facts jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.user_sessions set revoked_at = now()
   where id = gatehouse.actor_id() and user_id = gatehouse.uid() and revoked_at is null;
  if found then
    perform gatehouse.record_login(gatehouse.uid(), 'logout', null, p_facts);
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.end_session(jsonb) is 'Revokes the session that entered and records the logout.';
--> statement-breakpoint
revoke all on function gatehouse.end_session(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.end_session(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/find_passkey
-- What the Worker needs to check an assertion before it knows who signs: the public key, and whose. Null when unknown.
create or replace function gatehouse.find_passkey(p_credential_id bytea) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('id', p.id, 'userId', p.user_id, 'publicKey', encode(p.public_key, 'hex'),
             'handle', encode(u.webauthn_handle, 'hex'))
      from public.passkeys p join public.users u on u.id = p.user_id
     where p.credential_id = p_credential_id
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.find_passkey(bytea) is 'A passkey by its credential id, for the signature to be checked against.';
--> statement-breakpoint
revoke all on function gatehouse.find_passkey(bytea) from public;
--> statement-breakpoint
grant execute on function gatehouse.find_passkey(bytea) to gatehouse_system;
--> statement-breakpoint
-- function: auth/has_happened
-- Whether this very operation was done before: its answer was lost, and it was sent again. p_facts: {eventId}
create or replace function gatehouse.has_happened(p_facts jsonb) returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select from public.login_history h
     where h.id = (p_facts->>'eventId')::uuid and h.user_id = gatehouse.uid() and h.success);
end $$;
--> statement-breakpoint
comment on function gatehouse.has_happened(jsonb) is 'Whether the operation of these facts is in the history of the subject already.';
--> statement-breakpoint
revoke all on function gatehouse.has_happened(jsonb) from public;
--> statement-breakpoint
-- function: auth/insert_token
-- A new token of this transaction's subject, at most fifty live ones. Sent again with one id it is the same one; with
-- another secret or other input it is a conflict.
-- p_token: {id, tokenHash, prefix, name, scopes, seconds}. Answers {outcome: 'created' | an error code, expiresAt}.
create or replace function gatehouse.insert_token(p_token jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_kind text := gatehouse.token_owner_kind();
  v_id uuid := p_token->>'id';
  v_live bigint;
begin
  perform from public.users u where u.id = gatehouse.uid() for no key update;
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
-- function: auth/link_social_account
-- Links an account at a provider to the subject, who must be the one that began it. Linked already is success; linked to
-- somebody else is refused. Definer: members write no credentials. p_identity: see store_social_account.
create or replace function gatehouse.link_social_account(p_begun_by text, p_identity jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_was_linked boolean := exists (
    select from public.oauth_accounts a where a.issuer = p_identity->>'issuer'
       and a.provider_user_id = p_identity->>'subject' and a.user_id = v_user_id);
begin
  if p_begun_by is distinct from v_user_id then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform from public.users u where u.id = v_user_id for no key update;
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
-- function: auth/own_token
-- A token of this transaction's subject, locked; null when it has none of that id.
create or replace function gatehouse.own_token(p_token_id uuid) returns public.api_tokens
language plpgsql volatile
as $$
declare
  v_token public.api_tokens;
begin
  select * into v_token from public.api_tokens t
   where t.id = p_token_id and t.kind = gatehouse.token_owner_kind()
     and t.user_id is not distinct from gatehouse.uid()
     and t.organization_id is not distinct from gatehouse.organization_id() for update;
  return v_token;
end $$;
--> statement-breakpoint
comment on function gatehouse.own_token(uuid) is 'A live API token of the subject, its row locked.';
--> statement-breakpoint
revoke all on function gatehouse.own_token(uuid) from public;
--> statement-breakpoint
-- function: auth/passkey_ids
-- The passkeys of a user as WebAuthn options list them.
create or replace function gatehouse.passkey_ids(p_user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('credentialId', encode(p.credential_id, 'hex'), 'transports', p.transports)
             order by p.created_at, p.id)
      from public.passkeys p where p.user_id = p_user_id
  ), '[]');
end $$;
--> statement-breakpoint
comment on function gatehouse.passkey_ids(text) is 'Credential ids and transports of a user, for WebAuthn options.';
--> statement-breakpoint
revoke all on function gatehouse.passkey_ids(text) from public;
--> statement-breakpoint
-- function: auth/prove_mail
-- Holds the token of a mailed link, or its six digits, against the row: right purpose, right browser, in time, at most
-- three tries at the digits (ASVS 6.5.4). A code's row is found by the browser's own secret, so nobody else's tries
-- count. It answers and never raises, since raising would roll the recorded failure back, and keeps the row locked.
-- Answers {outcome: 'proven' | 'used' | an error code, linkId, attemptsLeft}.
-- p_proof: {tokenHash, browserHash} or {linkId, codeHashes (one per lookup key), browserHash}; p_facts: see record_login
create or replace function gatehouse.prove_mail(p_purpose text, p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
  v_outcome text := 'proven';
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
  elsif not p_proof ? 'tokenHash' and v_link.attempts >= 3 then
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
    'attemptsLeft', case v_outcome when 'code.invalid' then 2 - v_link.attempts end);
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
  insert into public.security_alerts (id, user_id, kind, token_hash, session_id, details, expires_at)
  values ((p_alert->>'id')::uuid, p_user_id, p_kind, p_alert->>'tokenHash', p_session_id, p_details,
    now() + interval '7 days')
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
-- function: auth/record_login
-- One row of a user's sign-in history (requirement 3 §1.2): a sign-in, its failure, a sign-out, a changed credential.
-- p_session carries the request's facts {ipAddress, deviceInfo, location, authMethod} and, where an operation must be
-- known again when it is sent twice, its eventId, which becomes the row's id.
create or replace function gatehouse.record_login(p_user_id text, p_event text, p_failure text, p_session jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.login_history
    (id, user_id, event_type, auth_method, ip_address, device_info, location, success, failure_reason)
  values (coalesce((p_session->>'eventId')::uuid, gen_random_uuid()), p_user_id, p_event, p_session->>'authMethod',
    (p_session->>'ipAddress')::inet, p_session->'deviceInfo', p_session->'location', p_failure is null, p_failure)
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.record_login(text, text, text, jsonb) is 'Adds one row to login_history.';
--> statement-breakpoint
revoke all on function gatehouse.record_login(text, text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.record_login(text, text, text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/redeem_magic_link
drop function gatehouse.redeem_magic_link(uuid, jsonb);
--> statement-breakpoint
-- function: auth/refresh_session
-- The person behind the session that entered has proven anew who they are. The secret changes with it (ASVS 7.2.4): what
-- was known before the proof is worth nothing after it. p_session: {tokenHash} and the facts of record_login
create or replace function gatehouse.refresh_session(p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_expires_at timestamptz;
begin
  update public.user_sessions set authenticated_at = now(), session_token_hash = p_session->>'tokenHash'
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
  perform from public.users u where u.id = v_user_id for no key update;
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
  perform from public.users u where u.id = v_user_id for no key update;
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
-- function: auth/report_not_me
-- "This wasn't me": whoever was signed in is out, and what was added since the alert is gone: passkeys, accounts at
-- providers, personal tokens; an address that was changed since is changed back. What was there before stays, so the
-- address that the alert went to is still a way in. Done once; asked again it answers the same.
create or replace function gatehouse.report_not_me(p_token_hash text, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_alert record;
  v_previous text;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash for update;
  if not found or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    return '{"outcome": "secured"}';
  end if;
  perform from public.users u where u.id = v_alert.user_id for no key update;
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = v_alert.user_id and s.revoked_at is null
     order by s.id for update);
  update public.api_tokens set revoked_at = now()
   where user_id = v_alert.user_id and created_at >= v_alert.created_at and revoked_at is null;
  delete from public.passkeys where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  delete from public.oauth_accounts where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  delete from public.known_devices where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  select a.details->>'previousEmail' into v_previous from public.security_alerts a
   where a.user_id = v_alert.user_id and a.kind = 'email_changed' and a.created_at >= v_alert.created_at
   order by a.created_at, a.id limit 1;
  update public.users set email = v_previous, email_verified_at = now()
   where id = v_alert.user_id and v_previous is not null
     and not exists (select from public.users o where lower(o.email) = lower(v_previous) and o.id <> v_alert.user_id);
  update public.security_alerts set used_at = now() where id = v_alert.id;
  perform gatehouse.record_login(v_alert.user_id, 'account_secured', null, p_facts);
  return '{"outcome": "secured"}';
end $$;
--> statement-breakpoint
comment on function gatehouse.report_not_me(text, jsonb) is 'Ends every session of an alerts user and undoes what changed since.';
--> statement-breakpoint
revoke all on function gatehouse.report_not_me(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_not_me(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/request_magic_link
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
--> statement-breakpoint
-- function: auth/request_proof_mail
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
-- function: auth/revoke_other_sessions
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
-- function: auth/revoke_session
-- Ends one session of the subject and notes it, once; false when the subject has none of that id. Ending an ended one
-- changes nothing and succeeds. Definer, since members write neither sessions nor history.
create or replace function gatehouse.revoke_session(p_session_id uuid, p_facts jsonb) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.user_sessions set revoked_at = now()
   where id = p_session_id and user_id = gatehouse.uid() and revoked_at is null;
  if found then
    perform gatehouse.record_login(gatehouse.uid(), 'session_revoked', null, p_facts);
    return true;
  end if;
  return exists (select from public.user_sessions where id = p_session_id and user_id = gatehouse.uid());
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_session(uuid, jsonb) is 'Ends one session of the subject; whether there is one.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_session(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_session(uuid, jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: auth/revoke_token
-- Ends a token of the subject, once; false when the subject has none of that id. Definer, as create_token.
create or replace function gatehouse.revoke_token(p_token_id uuid, p_facts jsonb) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_token public.api_tokens := gatehouse.own_token(p_token_id);
begin
  if v_token.id is not null and v_token.revoked_at is null then
    update public.api_tokens set revoked_at = now() where id = v_token.id;
    if gatehouse.uid() is not null then
      perform gatehouse.record_login(gatehouse.uid(), 'token_revoked', null, p_facts);
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
-- every place that uses it can be changed first. Definer, as create_token.
-- p_token: {id, tokenHash, prefix, overlapSeconds}. Answers {outcome: 'created' | an error code, name, scopes, expiresAt}.
create or replace function gatehouse.rotate_token(p_token_id uuid, p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_old public.api_tokens := gatehouse.own_token(p_token_id);
  v_is_repeated boolean := exists (select from public.api_tokens t
    where t.id = (p_token->>'id')::uuid and t.token_hash = p_token->>'tokenHash');
  v_created jsonb;
begin
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
    if gatehouse.uid() is not null then
      perform gatehouse.record_login(gatehouse.uid(), 'token_rotated', null, p_facts);
    end if;
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
-- function: auth/session_answer
-- The answer of a sign-in, read from what is stored: so the same (proof, session) pair sent again, because the first
-- answer was lost, gets the same success. Null when there is no such live session.
create or replace function gatehouse.session_answer(p_session jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('outcome', 'signed_in', 'userId', s.user_id, 'expiresAt', s.expires_at, 'alert', (
             select jsonb_build_object('kind', a.kind, 'email', u.email)
               from public.security_alerts a join public.users u on u.id = a.user_id
              where a.user_id = s.user_id and a.session_id = s.id and a.id = (p_session->'alert'->>'id')::uuid))
      from public.user_sessions s
     where s.id = (p_session->>'id')::uuid and s.session_token_hash = p_session->>'tokenHash' and s.revoked_at is null
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.session_answer(jsonb) is 'What a sign-in answers once its session is there; null while it is not.';
--> statement-breakpoint
revoke all on function gatehouse.session_answer(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.session_answer(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/session_limits
-- The three session profiles: default (NIST 800-63B AAL1), strict (AAL2) and admin (AAL3), which every platform
-- administrator gets. p_profile is any other text: default.
create or replace function gatehouse.session_limits(p_profile text, out absolute interval, out idle interval)
language sql immutable
as $$
  select case p_profile when 'admin' then interval '12 hours' when 'strict' then interval '24 hours'
           else interval '30 days' end,
         case p_profile when 'admin' then interval '15 minutes' when 'strict' then interval '1 hour'
           else interval '7 days' end;
$$;
--> statement-breakpoint
comment on function gatehouse.session_limits(text) is 'How long a session of a profile lasts: at the most, and without use.';
--> statement-breakpoint
revoke all on function gatehouse.session_limits(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.session_limits(text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/sign_in
-- Signs a user in who has proven who they are; the caller holds the lock on the user's row, and has refused a suspended
-- one. Twenty sessions at the most, the one unused for longest goes (ASVS 7.1.2). A browser not seen before is told to
-- the user by mail, but for the very first one. p_session: see create_session, plus deviceHash and alert {id, tokenHash}.
create or replace function gatehouse.sign_in(p_user_id text, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_session_id uuid := p_session->>'id';
  v_is_first boolean := not exists (select from public.user_sessions s where s.user_id = p_user_id)
    and not exists (select from public.known_devices d where d.user_id = p_user_id);
  v_is_known boolean := exists (
    select from public.known_devices d where d.user_id = p_user_id and d.device_hash = p_session->>'deviceHash');
begin
  perform gatehouse.create_session(p_user_id, p_session);
  update public.user_sessions set revoked_at = now() where id in (
    select l.id from public.user_sessions l where l.id in (
      select s.id from public.user_sessions s
       where s.user_id = p_user_id and s.revoked_at is null and s.expires_at > now() and s.id <> v_session_id
       order by s.last_active_at desc, s.id desc offset 19)
    order by l.id for update);
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
    return gatehouse.sign_in(v_user_id, p_session);
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
  v_is_known boolean;
begin
  if gatehouse.session_answer(p_session) is not null then
    return gatehouse.session_answer(p_session);
  end if;
  select u.* into v_user from public.users u join public.oauth_accounts a on a.user_id = u.id
   where a.issuer = p_identity->>'issuer' and a.provider_user_id = p_identity->>'subject' for no key update of u;
  v_is_known := found;
  if not v_is_known then
    -- One answer whether or not there is an account: else an address nobody proved would ask who is registered.
    if not (p_identity->>'isEmailVerified')::boolean or p_identity->>'email' is null then
      return '{"outcome": "social_account.email_unverified"}';
    end if;
    select * into v_user from public.users u where lower(u.email) = lower(p_identity->>'email') for no key update;
    if found and v_user.email_verified_at is null then
      perform gatehouse.record_login(v_user.id, 'login_failed', 'social_account.proof_required', p_session);
      return '{"outcome": "social_account.proof_required"}';
    elsif not found and not (p_session->>'signUpOpen')::boolean then
      return '{"outcome": "sign_up.closed"}';
    elsif not found then
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
  return gatehouse.sign_in(v_user.id, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in_by_provider(jsonb, jsonb) is 'Signs in, or up, by an identity that the Worker has checked with its provider.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in_by_provider(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in_by_provider(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/spend_challenge
-- Makes a WebAuthn challenge good for one use: the unique hash decides which of many got it. The same operation sent
-- again (a lost answer) is told 'repeated'. p_proof: {challengeHash, challengeExpiresAt, purpose, operationId}
create or replace function gatehouse.spend_challenge(p_proof jsonb) returns text
language plpgsql volatile
as $$
begin
  insert into public.spent_challenges (challenge_hash, purpose, operation_id, expires_at)
  values (p_proof->>'challengeHash', p_proof->>'purpose', (p_proof->>'operationId')::uuid,
    (p_proof->>'challengeExpiresAt')::timestamptz)
  on conflict (challenge_hash) do nothing;
  if found then
    return 'spent';
  end if;
  return case when exists (
    select from public.spent_challenges c
     where c.challenge_hash = p_proof->>'challengeHash' and c.operation_id = (p_proof->>'operationId')::uuid
  ) then 'repeated' else 'used' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.spend_challenge(jsonb) is 'Spends a WebAuthn challenge: spent, repeated (same operation), or used.';
--> statement-breakpoint
revoke all on function gatehouse.spend_challenge(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.spend_challenge(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/step_up_by_mail
-- Step-up by a mail to the verified address. Definer: members write no sessions. p_proof: see prove_mail; p_session: see
-- refresh_session. Answers {outcome: 'stepped_up' | an error code, expiresAt, attemptsLeft}.
create or replace function gatehouse.step_up_by_mail(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_taken jsonb := gatehouse.take_proof_mail('step_up', p_proof, p_session);
begin
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
  if v_outcome is not null then
    perform gatehouse.spend_challenge(p_proof);
  elsif not exists (select from public.passkeys p
      where p.id = (p_proof->>'passkeyId')::uuid and p.user_id = gatehouse.uid()) then
    v_outcome := 'passkey.user_mismatch';
  else
    v_outcome := gatehouse.use_passkey(p_proof);
  end if;
  if v_outcome = 'used' then
    return gatehouse.refresh_session(p_session);
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
-- function: auth/store_social_account
-- The account at a provider, by issuer and subject: inserted for the user when nobody has it, refreshed when somebody
-- does. Answers whose it is then; '' for nobody's. p_identity: {id, connector, issuer, subject, email, name, avatarUrl, scopes}
create or replace function gatehouse.store_social_account(p_user_id text, p_identity jsonb) returns text
language plpgsql volatile
as $$
declare
  v_owner text;
begin
  -- One account of a provider, one row (requirement 3 §2.3): a provider that changed its issuer is not taken at its word.
  if exists (select from public.oauth_accounts a where a.provider = p_identity->>'connector'
      and a.provider_user_id = p_identity->>'subject' and a.issuer <> p_identity->>'issuer') then
    return '';
  end if;
  insert into public.oauth_accounts
    (id, user_id, provider, issuer, provider_user_id, provider_email, provider_name, provider_avatar_url, scopes, last_used_at)
  values ((p_identity->>'id')::uuid, p_user_id, p_identity->>'connector', p_identity->>'issuer', p_identity->>'subject',
    p_identity->>'email', p_identity->>'name', p_identity->>'avatarUrl', p_identity->'scopes', now())
  on conflict (issuer, provider_user_id) do update
    set provider_email = excluded.provider_email,
        provider_name = coalesce(excluded.provider_name, public.oauth_accounts.provider_name),
        provider_avatar_url = excluded.provider_avatar_url, scopes = excluded.scopes, last_used_at = now()
    where public.oauth_accounts.user_id = excluded.user_id;
  select a.user_id into v_owner from public.oauth_accounts a
   where a.issuer = p_identity->>'issuer' and a.provider_user_id = p_identity->>'subject';
  return v_owner;
end $$;
--> statement-breakpoint
comment on function gatehouse.store_social_account(text, jsonb) is 'Inserts or refreshes a users account at a provider; whose it is.';
--> statement-breakpoint
revoke all on function gatehouse.store_social_account(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.store_social_account(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/strip_unproven
-- Ends what was added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens. Whoever put them there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3: an account
-- made ready in advance for somebody else's address). Who is signed in proves an address by change_email instead.
create or replace function gatehouse.strip_unproven(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = p_user_id and s.revoked_at is null order by s.id for update);
  update public.api_tokens set revoked_at = now() where user_id = p_user_id and revoked_at is null;
  delete from public.passkeys where user_id = p_user_id;
  delete from public.oauth_accounts where user_id = p_user_id;
  delete from public.known_devices where user_id = p_user_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven(text) is 'Ends what was added to an account before its address was proven.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven(text) to gatehouse_system;
--> statement-breakpoint
-- function: auth/take_oauth_state
-- Spends the state of a redirect that came back: known, for this provider (CVE-2026-73419), in the browser that began it,
-- in time, once. The same operation sent again gets the same answer. p_return: {stateHash, connector, browserHash,
-- operationId}. Answers {outcome: 'taken' | an error code, purpose, userId, redirectUrl}.
create or replace function gatehouse.take_oauth_state(p_return jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_state record;
  v_outcome text;
begin
  select * into v_state from public.oauth_states
   where state_hash = p_return->>'stateHash' and connector = p_return->>'connector' for update;
  v_outcome := case
    when not found then 'oauth_state.invalid'
    when v_state.browser_hash is distinct from p_return->>'browserHash' then 'oauth_state.other_browser'
    when v_state.operation_id = (p_return->>'operationId')::uuid then 'taken'
    when v_state.used_at is not null then 'oauth_state.used'
    when v_state.expires_at <= now() then 'oauth_state.expired'
    else 'taken' end;
  if v_outcome = 'taken' then
    update public.oauth_states set used_at = now(), operation_id = (p_return->>'operationId')::uuid
     where id = v_state.id and used_at is null;
    return jsonb_build_object('outcome', 'taken', 'purpose', v_state.purpose, 'userId', v_state.user_id,
      'redirectUrl', v_state.redirect_url);
  end if;
  return jsonb_build_object('outcome', v_outcome, 'purpose', case when v_outcome <> 'oauth_state.other_browser'
    then v_state.purpose end);
end $$;
--> statement-breakpoint
comment on function gatehouse.take_oauth_state(jsonb) is 'Spends the state of a redirect that came back, once, in its own browser.';
--> statement-breakpoint
revoke all on function gatehouse.take_oauth_state(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.take_oauth_state(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/take_proof_mail
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
-- function: auth/token_owner_kind
-- Whose tokens this transaction is about: the subject's, or, entered as the platform, the deployment's own. It asks for
-- the role as well, since the identity settings alone can be forged by whoever runs SQL as a member; the role cannot.
create or replace function gatehouse.token_owner_kind() returns text
language plpgsql stable
as $$
declare
  v_kind text := case when gatehouse.uid() is not null then 'personal'
    when gatehouse.organization_id() is not null then 'organization'
    when current_setting('role') = 'gatehouse_admin' then 'service' end;
begin
  if v_kind is null then
    raise exception 'gate.misused' using errcode = 'GH014';
  end if;
  return v_kind;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_owner_kind() is 'Which kind of API token this transaction may make and change.';
--> statement-breakpoint
revoke all on function gatehouse.token_owner_kind() from public;
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
  perform from public.users u where u.id = v_user_id for no key update;
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
-- function: auth/use_passkey
-- A passkey whose signature the Worker found right: spends the challenge and moves the counter on, under the row's lock,
-- so that of two assertions with one counter one is refused. Refused only when either counter is not zero and the new
-- one is not greater (WebAuthn §7.2 step 22): synced passkeys always say zero. Answers 'used', 'repeated' or an error code.
-- p_proof: see spend_challenge, plus {passkeyId, counter, backedUp}
create or replace function gatehouse.use_passkey(p_proof jsonb) returns text
language plpgsql volatile
as $$
declare
  v_spent text := gatehouse.spend_challenge(p_proof);
  v_new bigint := p_proof->>'counter';
  v_old bigint;
begin
  if v_spent <> 'spent' then
    return case v_spent when 'repeated' then 'repeated' else 'passkey.challenge_used' end;
  end if;
  select p.counter into v_old from public.passkeys p where p.id = (p_proof->>'passkeyId')::uuid for update;
  if not found then
    return 'passkey.unknown';
  elsif (v_old <> 0 or v_new <> 0) and v_new <= v_old then
    return 'passkey.counter_regressed';
  end if;
  update public.passkeys
     set counter = v_new, last_used_at = now(), backed_up = (p_proof->>'backedUp')::boolean
   where id = (p_proof->>'passkeyId')::uuid;
  return 'used';
end $$;
--> statement-breakpoint
comment on function gatehouse.use_passkey(jsonb) is 'Spends the challenge and moves the counter of a passkey whose signature was right.';
--> statement-breakpoint
revoke all on function gatehouse.use_passkey(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.use_passkey(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/verify_magic_code
drop function gatehouse.verify_magic_code(uuid, text, text[], jsonb);
--> statement-breakpoint
-- function: auth/verify_magic_link
drop function gatehouse.verify_magic_link(text, text, jsonb);
--> statement-breakpoint
-- function: auth/ways_in
-- The ways into an account: a verified address, each passkey, each account at a provider that is set up here. The caller
-- holds the lock on the user's row, so that two removals cannot both count the other one's.
create or replace function gatehouse.ways_in(p_user_id text, p_providers text[]) returns integer
language plpgsql stable
as $$
begin
  return (select count(*) from public.users u
           where u.id = p_user_id and u.email is not null and u.email_verified_at is not null)
       + (select count(*) from public.passkeys p where p.user_id = p_user_id)
       + (select count(*) from public.oauth_accounts a where a.user_id = p_user_id and a.provider = any (p_providers));
end $$;
--> statement-breakpoint
comment on function gatehouse.ways_in(text, text[]) is 'How many ways into an account there are.';
--> statement-breakpoint
revoke all on function gatehouse.ways_in(text, text[]) from public;
--> statement-breakpoint
-- function: jobs/cleanup_batch
-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; history 365 days; a device
-- as long as its cookie.
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
