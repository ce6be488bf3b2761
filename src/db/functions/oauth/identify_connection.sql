-- The provider said whose account a brought grant is of. p_identity: {id, version, accountId, email, metadata,
-- nextRefreshIn (seconds; for one that nothing renewed yet), deploymentClient, from: {field: text}, to: {field: text
-- sealed for the account}}. Where its owner has that account already, the two become one only if nothing is lost by it:
-- see can_replace; and the other has worked at its provider since this one came, which is waited for. Else they stay
-- apart, and the account is noted. Answers identified; merged; apart; superseded: the row moved on, is being refreshed, or
-- waits for the other, and is asked again.
create or replace function gatehouse.identify_connection(p_identity jsonb) returns text
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_other public.oauth_connections;
  v_account text := p_identity->>'accountId';
  v_from jsonb := p_identity->'from';
  v_to jsonb := p_identity->'to';
begin
  -- As store_connection does, so that one account is never stored twice.
  perform from public.users u where u.id = (
    select c.user_id from public.oauth_connections c where c.id = (p_identity->>'id')::uuid) for no key update;
  select * into v from public.oauth_connections c where c.id = (p_identity->>'id')::uuid for update;
  -- Who refreshes it now will store a token that is sealed for the account it had.
  if v.id is null or v.version <> (p_identity->>'version')::bigint or v.lease_id is not null
      or (v.access_token, v.refresh_token, v.client_secret) is distinct from
         (v_from->>'access_token', v_from->>'refresh_token', v_from->>'client_secret') then
    return 'superseded';
  end if;
  select * into v_other from public.oauth_connections c
   where c.owner = v.owner and c.connector_id = v.connector_id and c.account_id = v_account and c.id <> v.id for update;
  if v_other.id is null then
    update public.oauth_connections c
       set account_id = v_account, connector_metadata = c.connector_metadata || (p_identity->'metadata'), identify_at = null,
           access_token = v_to->>'access_token', refresh_token = v_to->>'refresh_token', client_secret = v_to->>'client_secret',
           next_refresh_at = case when c.next_refresh_at is null and c.status = 'active'
             then now() + make_interval(secs => (p_identity->>'nextRefreshIn')::double precision) else c.next_refresh_at end
     where c.id = v.id returning * into v;
  elsif gatehouse.can_replace(v_other, v, p_identity->>'deploymentClient')
      and greatest(v_other.granted_at, v_other.last_refresh_at) < v.granted_at and v_other.next_refresh_at is not null then
    update public.oauth_connections c set identify_at = greatest(now(), v_other.next_refresh_at) + interval '5 minutes'
     where c.id = v.id;
    return 'superseded';
  elsif gatehouse.can_replace(v_other, v, p_identity->>'deploymentClient')
      and greatest(v_other.granted_at, v_other.last_refresh_at) >= v.granted_at then
    -- A trigger drops a brought grant with its last link.
    update public.user_integrations ui set connection_id = v_other.id
     where ui.user_id = v.user_id and ui.connection_id = v.id;
    perform gatehouse.name_account(v_other, p_identity->>'email');
    perform gatehouse.note_connection(v_other, jsonb_build_object('event', 'merged',
      'evidence', jsonb_build_object('connectionId', v.id)));
    return 'merged';
  else
    update public.oauth_connections c
       set connector_metadata = c.connector_metadata || (p_identity->'metadata'), identify_at = null
     where c.id = v.id returning * into v;
  end if;
  perform gatehouse.name_account(v, p_identity->>'email');
  perform gatehouse.note_connection(v, jsonb_build_object('event', 'identified',
    'evidence', jsonb_build_object('accountId', v_account, 'sameAs', v_other.id)));
  return case when v_other.id is null then 'identified' else 'apart' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.identify_connection(jsonb) is 'Gives a brought grant the account that its provider named.';
--> statement-breakpoint
revoke all on function gatehouse.identify_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.identify_connection(jsonb) to gatehouse_system;
