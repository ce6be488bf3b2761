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
