-- function: auth/code_limits
-- How far six digits may be guessed. `mails`: how many mails to an address have a code within a day; later ones have the
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
-- of all live mails, read from their index, and no further than it takes to know.
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
-- function: auth/create_token
-- Makes a token for the subject; whose it is, or who made it for an organisation, is told. Definer: nobody writes tokens but
-- these functions.
-- p_token: see insert_token; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.create_token(p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_created jsonb := gatehouse.insert_token(p_token);
  v_told text := case when gatehouse.organization_id() is null then gatehouse.uid() else gatehouse.actor_user_id() end;
begin
  if v_created->>'outcome' = 'created' and v_told is not null then
    perform gatehouse.record_login(v_told, 'token_created', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_told, case
      when gatehouse.uid() is null then 'organization_token_created' else 'token_created' end, p_facts->'alert', null, '{}'));
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
-- function: auth/prove_mail
-- Holds the token of a mailed link, or its six digits, against the row: right purpose, right browser, in time, at most
-- three tries at the digits (ASVS 6.5.4), fewer or none while the deployment is being guessed at (code_tries). A code's row
-- is found by the browser's own secret, so nobody else's tries count against it. It answers and never raises, since raising would roll the recorded failure back, and keeps the row locked.
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
-- function: auth/request_magic_link
-- Stores a magic link for an address, known or not, and says which mail to send: sign_in, sign_up, or sign_up_closed;
-- sign_in_by_link and sign_up_by_link without a code, which only so many mails to an address have in a day (code_limits).
-- The work is the same for every address, so its time tells nothing; a link that no mail carries can't be redeemed.
-- Sent twice with one id it stores once; with other input it answers 'conflict'.
-- p_link: {id, email, tokenHash, codeHash, browserHash, redirectUrl, ipAddress, seconds, signUpOpen}
create or replace function gatehouse.request_magic_link(p_link jsonb) returns text
language plpgsql volatile
as $$
declare
  v_user_id text := (select u.id from public.users u where lower(u.email) = lower(p_link->>'email'));
  v_has_code boolean;
begin
  select count(*) < (select l.mails from gatehouse.code_limits() l) into v_has_code from public.magic_links m
   where lower(m.email) = lower(p_link->>'email') and m.created_at > now() - interval '24 hours'
     and m.purpose = 'sign_in' and m.code_hash is not null;
  insert into public.magic_links
    (id, user_id, email, token_hash, code_hash, browser_hash, redirect_url, ip_address, expires_at)
  values ((p_link->>'id')::uuid, v_user_id, p_link->>'email', p_link->>'tokenHash',
    case when v_has_code then p_link->>'codeHash' end, p_link->>'browserHash', p_link->>'redirectUrl', (p_link->>'ipAddress')::inet,
    now() + make_interval(secs => (p_link->>'seconds')::integer))
  on conflict (id) do nothing;
  if not found and not exists (
    select from public.magic_links m
     where m.id = (p_link->>'id')::uuid and lower(m.email) = lower(p_link->>'email')
       and m.redirect_url is not distinct from p_link->>'redirectUrl'
  ) then
    return 'conflict';
  end if;
  -- Sent again it is the mail that was stored.
  select m.code_hash is not null into v_has_code from public.magic_links m where m.id = (p_link->>'id')::uuid;
  return case when v_user_id is null and not (p_link->>'signUpOpen')::boolean then 'sign_up_closed'
    else case when v_user_id is null then 'sign_up' else 'sign_in' end
      || case when v_has_code then '' else '_by_link' end end;
end $$;
--> statement-breakpoint
comment on function gatehouse.request_magic_link(jsonb) is 'Stores a mailed proof for signing in and says which mail to send.';
--> statement-breakpoint
revoke all on function gatehouse.request_magic_link(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.request_magic_link(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: auth/rotate_token
-- Replaces a live token, once: the new one has its name, scopes and lifetime; the old one ends after the overlap, so that
-- every place that uses it can be changed first. Told to a person as create_token does. Definer, as create_token.
-- p_token: {id, tokenHash, prefix, overlapSeconds}. Answers {outcome: 'created' | an error code, name, scopes, expiresAt}.
create or replace function gatehouse.rotate_token(p_token_id uuid, p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_old public.api_tokens := gatehouse.own_token(p_token_id);
  v_is_repeated boolean := exists (select from public.api_tokens t
    where t.id = (p_token->>'id')::uuid and t.token_hash = p_token->>'tokenHash');
  v_told text := case when gatehouse.organization_id() is null then gatehouse.uid() else gatehouse.actor_user_id() end;
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
  end if;
  if v_created->>'outcome' = 'created' and v_told is not null then
    perform gatehouse.record_login(v_told, 'token_rotated', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_told, case
      when gatehouse.uid() is null then 'organization_token_rotated' else 'token_rotated' end, p_facts->'alert', null, '{}'));
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
    raise exception 'token.frozen' using errcode = 'GH023';
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
-- function: integrations/link_integration
-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not
-- given stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id,
-- external_user_id, external_username, display_label, access_token, refresh_token, token_expires_at, client_id,
-- client_secret, granted_scopes, credentials, metadata), and of the Worker's, which a SQL client's are not taken for:
-- id, event_id, next_refresh_in (seconds), sealed_for (the connector its tokens are sealed for: the Worker seals before
-- it knows the catalogue). Raises GH013, GH015 to GH018, GH020, GH021.
create or replace function gatehouse.link_integration(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_link->>'user_id';
  v_external_id text := nullif(p_link->>'external_user_id', '');
  v_has_token boolean :=
    coalesce(nullif(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', '')) is not null;
  v_link jsonb :=
    case when gatehouse.uid() is null then p_link - '{id,event_id,next_refresh_in,sealed_for}'::text[] else p_link end;
  v_service public.services;
  v_before public.user_integrations;
  v public.user_integrations;
begin
  perform gatehouse.begin_linking(p_link);
  v_service := gatehouse.linkable_service(p_link->>'service_id');
  if v_link->>'sealed_for' <> v_service.connector_id then
    raise exception 'The tokens are sealed for another connector than that of %', v_service.name
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
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
  if v_has_token then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(v_link, v, v_service.connector_id)
     where ui.id = v.id;
  end if;
  perform gatehouse.note_integration(v, 'linked', (v_link->>'event_id')::uuid);
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_integration(jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function gatehouse.link_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_integration(jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/note_integration
-- The event of a link, in the same transaction; it names the user who acted, where that is another than the link's. Sent again with one id it is the same event.
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
end $$;
--> statement-breakpoint
comment on function gatehouse.note_integration(public.user_integrations, text, uuid) is 'Writes the event of a link.';
--> statement-breakpoint
revoke all on function gatehouse.note_integration(public.user_integrations, text, uuid) from public;
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
