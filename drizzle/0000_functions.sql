-- function: auth/create_session
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
-- function: auth/current_session
-- Who is calling: what a frontend asks on every page. A function, since Neon over HTTP plans every statement anew and a
-- function keeps its plan: the join under row level security costs 140 µs to plan, and a few to run.
create or replace function gatehouse.current_session() returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('userId', u.id, 'email', u.email, 'displayName', u.display_name,
             'avatarUrl', u.avatar_url, 'sessionId', s.id, 'expiresAt', s.expires_at)
      from public.users u
      left join public.user_sessions s on s.user_id = u.id and s.id = (select gatehouse.actor_id())
     where u.id = (select gatehouse.uid())
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.current_session() is 'The subject and the session that entered, behind the wall.';
--> statement-breakpoint
revoke all on function gatehouse.current_session() from public;
--> statement-breakpoint
grant execute on function gatehouse.current_session() to gatehouse_member;
--> statement-breakpoint
-- function: auth/end_session
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
-- function: auth/record_login
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
-- function: auth/redeem_magic_link
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
comment on function gatehouse.request_magic_link(jsonb) is 'Stores a magic link and says which mail to send.';
--> statement-breakpoint
revoke all on function gatehouse.request_magic_link(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_magic_link(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/verify_magic_code
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
-- function: auth/verify_magic_link
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
-- function: gate/actor_id
-- The id of the session or API token that acts. For audit columns and "this one", never for a policy.
create or replace function gatehouse.actor_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_id', true), '')::uuid $$;
--> statement-breakpoint
comment on function gatehouse.actor_id() is 'The id of the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: gate/actor_kind
-- What kind of credential acts: session, personal, organization or service. For audit columns, never for a policy.
create or replace function gatehouse.actor_kind() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_kind', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.actor_kind() is 'The kind of the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_kind() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_kind() to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: gate/actor_user_id
-- The user behind the credential; null for organisation and service tokens. For audit columns, never for a policy.
create or replace function gatehouse.actor_user_id() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_user_id', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.actor_user_id() is 'The user behind the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_user_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_user_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
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
  v_fresh_within integer := p_requirement->>'freshWithin';
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
-- The subjects that are not simply the caller: a user named in the input; an organisation named in the input; the
-- platform, which is nobody. Sets the subject for this transaction, or refuses.
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
  if v_subject = 'user' and v_user_id is not null then
    if v_user_id is distinct from p_actor->>'userId' and not v_is_platform then
      raise exception 'subject.forbidden' using errcode = 'GH013';
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
-- function: gate/enter_system
-- Work without a caller (before sign-in, cron, queues). Only the service login is a member of gatehouse_system; a
-- contract test lists the files that may call this.
create or replace function gatehouse.enter_system(p_timeout_ms integer) returns void
language plpgsql volatile
as $$
begin
  perform set_config('statement_timeout', p_timeout_ms::text, true),
          set_config('role', 'gatehouse_system', true);
end $$;
--> statement-breakpoint
comment on function gatehouse.enter_system(integer) is 'Drops to gatehouse_system for this transaction.';
--> statement-breakpoint
revoke all on function gatehouse.enter_system(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter_system(integer) to gatehouse_service;
--> statement-breakpoint
-- function: gate/find_credential
-- Looks a session or an API token up by the SHA-256 of its secret and refuses a dead one. Definer: no login may read
-- the tables. Answers {kind, id, userId, platformRole, organizationId, scopes, authenticatedAt, touch}.
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
  select t.id, t.kind, t.user_id, t.organization_id, t.scopes, t.revoked_at, t.expires_at, t.last_used_at,
         u.suspended_at
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
-- function: gate/membership_role
-- The role a user has in an organisation, or null. Definer: read before the wall stands.
create or replace function gatehouse.membership_role(p_organization_id uuid, p_user_id text) returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select m.role from public.memberships m
           where m.organization_id = p_organization_id and m.user_id = p_user_id);
end $$;
--> statement-breakpoint
comment on function gatehouse.membership_role(uuid, text) is 'The role of a user in an organisation; null when not a member.';
--> statement-breakpoint
revoke all on function gatehouse.membership_role(uuid, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.membership_role(uuid, text) to gatehouse_app, gatehouse_service;
--> statement-breakpoint
-- function: gate/newest_migration
-- The newest migration, for /health, without a caller. Definer, since no login may read the journal.
create or replace function gatehouse.newest_migration() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select m.name from gatehouse.migrations m order by m.name desc limit 1);
end $$;
--> statement-breakpoint
comment on function gatehouse.newest_migration() is 'The name of the newest migration that was applied.';
--> statement-breakpoint
revoke all on function gatehouse.newest_migration() from public;
--> statement-breakpoint
grant execute on function gatehouse.newest_migration() to gatehouse_app, gatehouse_service;
--> statement-breakpoint
-- function: gate/note_use
-- Writes the time of use to the credential that entered, unless somebody holds its row just now. Definer, since nobody
-- else writes these columns; apart from touch(), which asks first, since entering a definer costs on every call.
create or replace function gatehouse.note_use() returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if gatehouse.actor_kind() = 'session' then
    update public.user_sessions set last_active_at = now()
     where id = (select id from public.user_sessions
                  where id = gatehouse.actor_id() and revoked_at is null for update skip locked);
  else
    update public.api_tokens set last_used_at = now()
     where id = (select id from public.api_tokens
                  where id = gatehouse.actor_id() and revoked_at is null for update skip locked);
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_use() is 'Notes the use of the credential that entered.';
--> statement-breakpoint
revoke all on function gatehouse.note_use() from public;
--> statement-breakpoint
grant execute on function gatehouse.note_use() to gatehouse_member, gatehouse_admin;
--> statement-breakpoint
-- function: gate/organization_id
-- The subject's organisation id; null when the subject is a user or the platform.
create or replace function gatehouse.organization_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.organization_id', true), '')::uuid $$;
--> statement-breakpoint
comment on function gatehouse.organization_id() is 'The organisation this transaction acts on, set by gatehouse.enter; null otherwise.';
--> statement-breakpoint
revoke all on function gatehouse.organization_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.organization_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: gate/touch
-- Last statement of every batch of a live credential: notes that it was used, when `enter` found that due. It comes
-- last: placed first it deadlocked two parallel revocations and serialised parallel calls.
create or replace function gatehouse.touch() returns void
language plpgsql volatile
as $$
begin
  if current_setting('gatehouse.touch', true) = 'due' then
    perform gatehouse.note_use();
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.touch() is 'Notes the use of the credential that entered, at most once an hour.';
--> statement-breakpoint
revoke all on function gatehouse.touch() from public;
--> statement-breakpoint
grant execute on function gatehouse.touch() to gatehouse_member, gatehouse_admin;
--> statement-breakpoint
-- function: gate/uid
-- The subject's user id; null when the subject is an organisation or the platform. What policies compare with.
create or replace function gatehouse.uid() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.user_id', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.uid() is 'The user this transaction acts on, set by gatehouse.enter; null otherwise.';
--> statement-breakpoint
revoke all on function gatehouse.uid() from public;
--> statement-breakpoint
grant execute on function gatehouse.uid() to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: gate/update_updated_at
-- Keeps updated_at true (requirement 3 §5.1).
create or replace function public.update_updated_at() returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end $$;
--> statement-breakpoint
comment on function public.update_updated_at() is 'Trigger: sets updated_at to the time of the transaction.';
--> statement-breakpoint
revoke all on function public.update_updated_at() from public;
--> statement-breakpoint
-- function: jobs/cleanup_batch
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
-- function: jobs/cleanup_expired_sessions
-- Requirement 3 §5.2, same name and graces. Rate-limit buckets erase themselves (Durable Objects).
create or replace function public.cleanup_expired_sessions() returns void
language plpgsql volatile
as $$
begin
  while gatehouse.cleanup_batch('user_sessions', 1000) > 0 loop null; end loop;
  while gatehouse.cleanup_batch('magic_links', 1000) > 0 loop null; end loop;
end $$;
--> statement-breakpoint
comment on function public.cleanup_expired_sessions() is 'Deletes every expired session and magic link past its grace.';
--> statement-breakpoint
revoke all on function public.cleanup_expired_sessions() from public;
--> statement-breakpoint
grant execute on function public.cleanup_expired_sessions() to gatehouse_system;
