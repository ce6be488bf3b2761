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
