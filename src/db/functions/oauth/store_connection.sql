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
