drop function gatehouse.values_to_seal(text, uuid, integer);
--> statement-breakpoint
-- Rows with values under other keys than the active one. p_keys: those keys, of the ring; `?` stands for rows under several.
-- A row under a key that nobody has would come back for ever and is left out. Answers [{table, id, owner, connector,
-- accountId, values: {field: envelope}}, …].
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(found.entry), '[]') from (
      (select jsonb_build_object('table', 'oauth_connections', 'id', c.id, 'owner', c.owner, 'connector', c.connector_id,
          'accountId', c.account_id, 'values', jsonb_strip_nulls(jsonb_build_object('access_token', c.access_token,
            'refresh_token', c.refresh_token, 'client_secret', c.client_secret))) as entry
        from public.oauth_connections c where c.key_id = any (p_keys || '?'::text) limit p_limit)
      union all
      (select jsonb_build_object('table', 'grant_revocations', 'id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'values', jsonb_strip_nulls(jsonb_build_object(r.token_field, r.token, 'client_secret', r.client_secret)))
        from public.grant_revocations r
       where split_part(r.token, ':', 3) = any (p_keys) or split_part(r.client_secret, ':', 3) = any (p_keys)
       limit p_limit)
    ) found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
--> statement-breakpoint
-- Takes the right to refresh a connection, under the lock of its row, so that what is read is the newest. p_lease: {id,
-- seconds, isForced, version, singleUse}. With a version, the row must still have it; without one, it must be due or forced.
-- Of connectors in `singleUse` a refresh token that is used twice ends the grant. A lease of theirs that ran out in silence
-- may have an answer on its way through the queue: so whoever finds it first only gives it 45 seconds more, from a moment
-- at which the database is seen to answer, and the next one takes it.
-- Answers {outcome: leased | busy | settled | gone, connection, isUnanswered}.
create or replace function gatehouse.take_lease(p_id uuid, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_is_unanswered boolean;
begin
  select * into v from public.oauth_connections c where c.id = p_id for update;
  if not found then
    return '{"outcome": "gone"}';
  elsif (case when p_lease ? 'version' then v.version <> (p_lease->>'version')::bigint or v.status <> 'active'
      else not coalesce((p_lease->>'isForced')::boolean, false) and v.next_refresh_at > now()
        and (v.expires_at is null or v.expires_at > now() + interval '5 seconds' or v.failure_count > 0) end) then
    return jsonb_build_object('outcome', 'settled', 'connection', gatehouse.sealed_connection(v));
  elsif v.lease_until > now() and v.lease_id is distinct from (p_lease->>'id')::uuid then
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  -- The same lease once more is the same request, sent again since its answer was lost.
  v_is_unanswered := coalesce(v.lease_id <> (p_lease->>'id')::uuid, false);
  if v_is_unanswered and not v.lease_doubtful and p_lease->'singleUse' ? v.connector_id then
    update public.oauth_connections set lease_doubtful = true, lease_until = now() + interval '45 seconds' where id = p_id;
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  update public.oauth_connections
     set lease_id = (p_lease->>'id')::uuid, lease_doubtful = false,
         lease_until = now() + make_interval(secs => (p_lease->>'seconds')::double precision)
   where id = p_id returning * into v;
  return jsonb_build_object('outcome', 'leased', 'connection', gatehouse.sealed_connection(v),
    'isUnanswered', v_is_unanswered);
end $$;
--> statement-breakpoint
comment on function gatehouse.take_lease(uuid, jsonb) is 'Takes the right to refresh a connection for a while.';
--> statement-breakpoint
revoke all on function gatehouse.take_lease(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.take_lease(uuid, jsonb) to gatehouse_system;
--> statement-breakpoint
-- Keeps a grant in the vault: a new connection of the subject, or the same account once more, in place. Definer: members
-- write no tokens. p_grant: {id, eventId, begunBy, connectionId, connector, accountId, issuer, subject, clientId,
-- accessToken, refreshToken, tokenType, expiresIn, refreshExpiresIn, nextRefreshIn, scopes, metadata, parameters}.
-- With a connectionId the account must be that connection's: connecting another one in its place would give a user's
-- automations to somebody else. A grant that is not kept is revoked. Answers {outcome: connected | an error code, id}.
create or replace function gatehouse.store_connection(p_grant jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_before public.oauth_connections;
  v public.oauth_connections;
  v_refusal text;
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
begin
  if p_grant->>'begunBy' is distinct from gatehouse.actor_user_id() then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform from public.users u where u.id = gatehouse.uid() for no key update;
  perform from public.organizations o where o.id = gatehouse.organization_id() for no key update;
  v_before := gatehouse.own_connection(p_grant || jsonb_build_object('connectionId', null));
  v_refusal := case
    when p_grant->>'connectionId' is not null and v_before.id is distinct from (p_grant->>'connectionId')::uuid then case
      when (gatehouse.own_connection(jsonb_build_object('connectionId', p_grant->>'connectionId'))).id is null
      then 'connection.not_found' else 'connection.wrong_account' end
    when v_before.id is null and (select count(*) from public.oauth_connections c where c.owner = v_owner) >= 200
    then 'connection.limit_reached' end;
  if v_refusal is not null then
    -- The provider gave it already: what is not kept is given back.
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, token_field, token, parameters)
    values ((p_grant->>'id')::uuid, (p_grant->>'id')::uuid, v_owner, p_grant->>'connector', p_grant->>'accountId',
      p_grant->>'clientId', case when p_grant->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(p_grant->>'refreshToken', p_grant->>'accessToken'), p_grant->'parameters')
    on conflict (id) do nothing;
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
        version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
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
drop function gatehouse.sealed_under(text, text[]);
--> statement-breakpoint
-- Puts newly sealed values where the very old ones still are: a refresh in between keeps its own. The version stays, so a
-- refresh that is on its way is not lost. p_rows: [{table, id, from: {field: envelope}, to: {field: envelope}}, …].
create or replace function gatehouse.reseal_values(p_rows jsonb) returns integer
language plpgsql volatile
as $$
declare
  v_connections integer;
  v_revocations integer;
begin
  update public.oauth_connections c
     set access_token = case when c.access_token = r->'from'->>'access_token'
           then r->'to'->>'access_token' else c.access_token end,
         refresh_token = case when c.refresh_token = r->'from'->>'refresh_token'
           then r->'to'->>'refresh_token' else c.refresh_token end,
         client_secret = case when c.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else c.client_secret end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'oauth_connections' and c.id = (r->>'id')::uuid;
  get diagnostics v_connections = row_count;
  update public.grant_revocations g
     set token = case when g.token = r->'from'->>g.token_field then r->'to'->>g.token_field else g.token end,
         client_secret = case when g.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else g.client_secret end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'grant_revocations' and g.id = (r->>'id')::uuid;
  get diagnostics v_revocations = row_count;
  return v_connections + v_revocations;
end $$;
--> statement-breakpoint
comment on function gatehouse.reseal_values(jsonb) is 'Puts newly sealed values where the old ones still are.';
--> statement-breakpoint
revoke all on function gatehouse.reseal_values(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.reseal_values(jsonb) to gatehouse_system;
--> statement-breakpoint
-- A token of the subject's connection in one trip: the fresh one, or the lease to refresh it. Definer: members read no
-- tokens. p_request: see own_connection, plus lease {id, seconds, isForced, singleUse}. A refresh by hand is forced, though
-- not within thirty seconds of the last. Answers {outcome, connection, retryAfter}:
-- not_connected; fresh (use it); leased (refresh it, and commit); busy (somebody else does); failing (it has run out, and the
-- next try is due later); needs_reauthorization.
create or replace function gatehouse.read_token(p_request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(p_request);
  v_is_forced boolean := coalesce((p_request->'lease'->>'isForced')::boolean, false)
    and (v.last_refresh_at is null or v.last_refresh_at < now() - interval '30 seconds');
  v_is_good boolean := v.expires_at is null or v.expires_at > now() + interval '5 seconds';
  v_paused_until timestamptz;
  v_lease jsonb := '{"outcome": "settled"}';
begin
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status = 'active' and not v_is_good and (v.refresh_token is null or v.refresh_expires_at <= now()) then
    v := gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
      'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
  end if;
  if v.status <> 'active' and not (v_is_forced and v.status = 'error' and v.refresh_token is not null) then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  end if;
  if v.refresh_token is not null and (v_is_forced or not v_is_good
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
      v_is_good := v.expires_at is null or v.expires_at > now() + interval '5 seconds';
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
  if v.last_used_at is null or v.last_used_at < now() - interval '1 minute' then
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
drop function gatehouse.postpone_identification(uuid, bigint, double precision);
--> statement-breakpoint
-- The connection of this transaction's subject that a request means: {connectionId}, or {connector, accountId}, or without
-- an account the primary one: the flagged, else the earliest active. All null when there is none.
create or replace function gatehouse.own_connection(p_request jsonb) returns public.oauth_connections
language plpgsql stable
as $$
declare
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
  v_found public.oauth_connections;
begin
  select * into v_found from public.oauth_connections c
   where c.owner = v_owner
     and (p_request->>'connectionId' is null or c.id = (p_request->>'connectionId')::uuid)
     and (p_request->>'connector' is null or c.connector_id = p_request->>'connector')
     and (p_request->>'accountId' is null or c.account_id = p_request->>'accountId')
   order by (c.connector_metadata->>'primary') = 'true' desc nulls last, c.status = 'active' desc, c.created_at, c.id
   limit 1;
  return v_found;
end $$;
--> statement-breakpoint
comment on function gatehouse.own_connection(jsonb) is 'The connection of the subject that a request means.';
--> statement-breakpoint
revoke all on function gatehouse.own_connection(jsonb) from public;
--> statement-breakpoint
drop function gatehouse.name_account(public.oauth_connections, text);
--> statement-breakpoint
-- Leases a claimed batch in one trip. p_rows: [[id, version], …]; p_lease: see take_lease. Left out: whoever moved on, is
-- leased, or has a connector that is left alone (those wait for it, spread over a minute). What can not be refreshed any
-- more is ended here. Answers [{connection, isUnanswered}, …]. In the order of ids, so that two batches cannot deadlock.
create or replace function gatehouse.lease_connections(p_rows jsonb, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v public.oauth_connections;
  v_paused_until timestamptz;
  v_lease jsonb;
  v_leased jsonb := '[]';
begin
  for v_row in select (r->>0)::uuid as id, r->1 as version from jsonb_array_elements(p_rows) r order by 1 loop
    v_lease := gatehouse.take_lease(v_row.id, p_lease || jsonb_build_object('version', v_row.version));
    continue when v_lease->>'outcome' <> 'leased';
    select * into v from public.oauth_connections c where c.id = v_row.id;
    v_paused_until := gatehouse.open_breaker_until(v);
    if (v.refresh_token is null or v.refresh_expires_at <= now()) and v.expires_at > now() then
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
      v_leased := v_leased || jsonb_build_array(v_lease - 'outcome');
    end if;
  end loop;
  return v_leased;
end $$;
--> statement-breakpoint
comment on function gatehouse.lease_connections(jsonb, jsonb) is 'Leases a claimed batch of connections.';
--> statement-breakpoint
revoke all on function gatehouse.lease_connections(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.lease_connections(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- Which keys the vault's rows are under, and how many each: exact to 100,000, so that it stays quick. A look at each
-- key alone, by the index. Answers [{keyId, rows, isExact}, …]. Definer: administrators read no tokens.
create or replace function gatehouse.key_coverage() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    with recursive keys as (
      (select min(c.key_id) as key_id from public.oauth_connections c)
      union all
      select (select min(c.key_id) from public.oauth_connections c where c.key_id > k.key_id)
        from keys k where k.key_id is not null
    ), counted as (
      select k.key_id, (select count(*) from (
          select from public.oauth_connections c where c.key_id = k.key_id limit 100001) found) as rows
        from keys k where k.key_id is not null
      union all
      select k.key_id, count(*)
        from public.grant_revocations r cross join lateral (
          select split_part(r.token, ':', 3) as key_id
          union
          select split_part(r.client_secret, ':', 3) where r.client_secret is not null) k
       group by 1
    )
    select coalesce(jsonb_agg(jsonb_build_object('keyId', t.key_id, 'rows', t.rows, 'isExact', t.rows <= 100000)
      order by t.key_id), '[]')
    from (select c.key_id, sum(c.rows)::bigint as rows from counted c group by 1) t);
end $$;
--> statement-breakpoint
comment on function gatehouse.key_coverage() is 'Which keys the vault''s rows are under.';
--> statement-breakpoint
revoke all on function gatehouse.key_coverage() from public;
--> statement-breakpoint
grant execute on function gatehouse.key_coverage() to gatehouse_admin, gatehouse_system;
--> statement-breakpoint
drop function gatehouse.is_usable(public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.identify_connection(jsonb);
--> statement-breakpoint
-- Takes a connection out of the vault. Its token is kept, sealed as it was, only until the provider has revoked it.
create or replace function gatehouse.drop_connection(p_connection public.oauth_connections, p_event_id uuid) returns void
language plpgsql volatile
as $$
begin
  insert into public.grant_revocations
    (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
  values (p_connection.id, p_connection.id, p_connection.owner, p_connection.connector_id, p_connection.account_id,
    p_connection.client_id, p_connection.client_secret,
    case when p_connection.refresh_token is null then 'access_token' else 'refresh_token' end,
    coalesce(p_connection.refresh_token, p_connection.access_token), p_connection.parameters)
  on conflict (id) do nothing;
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
drop function gatehouse.credentials_text(jsonb);
--> statement-breakpoint
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
         version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.id = v_before.id returning * into v;
  delete from public.connector_breakers where connector_id = v.connector_id and client_id = coalesce(v.client_id, '');
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
drop function gatehouse.claim_unidentified(integer);
--> statement-breakpoint
drop function gatehouse.can_replace(public.oauth_connections, public.oauth_connections, text);
--> statement-breakpoint
drop function gatehouse.can_become(public.oauth_connections, jsonb);
--> statement-breakpoint
-- Stores the state of a redirect that will connect an account, for ten minutes: of the person who began it, for the subject.
-- p_state: {id, stateHash, connector, browserHash, redirectUrl, request: {scopes, parameters, connectionId}}. To connect
-- again asks for what the connection has, and more. Sent again with one id it is the same state, if all else is the same.
-- Answers {outcome: begun | connection.not_found | idempotency_key.reused, request, email}.
create or replace function gatehouse.begin_connect(p_state jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request jsonb := p_state->'request';
  v public.oauth_connections;
begin
  if v_request->>'connectionId' is not null then
    v := gatehouse.own_connection(v_request);
    if v.id is null or v.connector_id <> p_state->>'connector' then
      return '{"outcome": "connection.not_found"}';
    end if;
    v_request := v_request || jsonb_build_object('parameters', v.parameters, 'scopes', (
      select coalesce(jsonb_agg(distinct s), '[]') from (
        select jsonb_array_elements_text(v_request->'scopes') as s
        union select s from regexp_split_to_table(v.scopes, ' ') s where s <> '') asked));
  end if;
  insert into public.oauth_states
    (id, state_hash, purpose, connector, user_id, organization_id, request, browser_hash, redirect_url, expires_at)
  values ((p_state->>'id')::uuid, p_state->>'stateHash', 'connect', p_state->>'connector', gatehouse.actor_user_id(),
    gatehouse.organization_id(), v_request, p_state->>'browserHash', p_state->>'redirectUrl',
    now() + interval '10 minutes')
  on conflict (id) do nothing;
  if not found and not exists (select from public.oauth_states s
      where s.id = (p_state->>'id')::uuid and s.connector = p_state->>'connector' and s.request = v_request
        and s.user_id = gatehouse.actor_user_id() and s.organization_id is not distinct from gatehouse.organization_id()
        and s.redirect_url is not distinct from p_state->>'redirectUrl') then
    return '{"outcome": "idempotency_key.reused"}';
  end if;
  return jsonb_build_object('outcome', 'begun', 'request', v_request, 'email',
    v.connector_metadata->v.connector_id->>'email');
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_connect(jsonb) is 'Stores the state of a redirect that will connect an account.';
--> statement-breakpoint
revoke all on function gatehouse.begin_connect(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_connect(jsonb) to gatehouse_member;
--> statement-breakpoint
drop function gatehouse.write_tokens(jsonb);
--> statement-breakpoint
drop function public.user_has_service(text, text);
--> statement-breakpoint
drop function gatehouse.update_integration_view();
--> statement-breakpoint
drop function gatehouse.update_integration(jsonb);
--> statement-breakpoint
drop function gatehouse.unverified_account(text, text);
--> statement-breakpoint
drop function public.unlink_whatsapp_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_telegram_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_signal_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_service_from_user(text, text, text);
--> statement-breakpoint
drop function gatehouse.unlink_integrations(jsonb);
--> statement-breakpoint
drop function public.unlink_google_calendar_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_gmail_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_calendar_from_user(text, text);
--> statement-breakpoint
drop function gatehouse.service_grant(text, text);
--> statement-breakpoint
drop function gatehouse.scopes_text(jsonb);
--> statement-breakpoint
drop function gatehouse.primary_integration(text, text);
--> statement-breakpoint
drop function gatehouse.own_integration(text, text);
--> statement-breakpoint
drop function gatehouse.note_integration(public.user_integrations, text, uuid);
--> statement-breakpoint
drop function gatehouse.move_integration(uuid, text);
--> statement-breakpoint
drop function gatehouse.may_act_for(text);
--> statement-breakpoint
drop function gatehouse.linkable_service(text);
--> statement-breakpoint
drop function public.link_whatsapp_to_user(text, text, text, text);
--> statement-breakpoint
drop function public.link_telegram_to_user(text, text, text, text);
--> statement-breakpoint
drop function public.link_signal_to_user(text, text, text);
--> statement-breakpoint
drop function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.link_own_connection(jsonb);
--> statement-breakpoint
drop function gatehouse.link_integration(jsonb);
--> statement-breakpoint
drop function public.link_google_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function public.link_gmail_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function gatehouse.link_connection(public.oauth_connections, text, uuid);
--> statement-breakpoint
drop function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function gatehouse.keep_tokens(jsonb, public.user_integrations, text);
--> statement-breakpoint
drop function gatehouse.keep_seal();
--> statement-breakpoint
drop function gatehouse.is_sealed(text);
--> statement-breakpoint
drop function gatehouse.is_expired(timestamptz, boolean);
--> statement-breakpoint
drop function gatehouse.integrations_of(uuid[]);
--> statement-breakpoint
drop function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.incomplete_integrations(text, integer, uuid);
--> statement-breakpoint
drop function public.has_valid_token(text, text);
--> statement-breakpoint
drop function public.get_valid_token(text, text);
--> statement-breakpoint
drop function public.get_user_with_integrations(text);
--> statement-breakpoint
drop function public.get_user_integrations(text);
--> statement-breakpoint
drop function public.get_user_integration_stats(text);
--> statement-breakpoint
drop function public.get_telegram_token(text);
--> statement-breakpoint
drop function public.get_telegram_id(text);
--> statement-breakpoint
drop function public.get_signal_token(text);
--> statement-breakpoint
drop function public.get_gmail_token(text);
--> statement-breakpoint
drop function public.get_calendar_token(text);
--> statement-breakpoint
drop function public.find_incomplete_integrations(text, integer, uuid);
--> statement-breakpoint
drop function gatehouse.drop_unverified_grant();
--> statement-breakpoint
drop function gatehouse.delete_integration_view();
--> statement-breakpoint
drop function public.cleanup_orphaned_integrations(boolean, integer);
--> statement-breakpoint
drop function gatehouse.cleanup_integrations(boolean, integer);
--> statement-breakpoint
drop function gatehouse.check_link(jsonb);
--> statement-breakpoint
drop function gatehouse.change_services(text, text, jsonb);
--> statement-breakpoint
drop function public.bulk_unlink_services_from_user(text, jsonb);
--> statement-breakpoint
drop function public.bulk_link_services_to_user(text, jsonb);
--> statement-breakpoint
drop function gatehouse.begin_linking(jsonb);
--> statement-breakpoint
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
-- Ends what was added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens, connections. Whoever put them there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3:
-- an account made ready in advance for somebody else's address). Who is signed in proves an address by change_email.
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
  perform gatehouse.release_connections(p_user_id, null);
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven(text) is 'Ends what was added to an account before its address was proven.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven(text) to gatehouse_system;
