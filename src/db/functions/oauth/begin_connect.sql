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
