-- The connection of this transaction's subject that a request means: {connectionId}, or {connector, accountId}, or without
-- an account the primary one: the flagged, else the earliest active; or the one of a linked service: {service,
-- externalUserId}. All null when there is none.
create or replace function gatehouse.own_connection(p_request jsonb) returns public.oauth_connections
language plpgsql stable
as $$
declare
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
  v_found public.oauth_connections;
begin
  if p_request->>'service' is not null then
    select c.* into v_found
      from public.user_integrations ui
      join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.own_integration(p_request->>'service', p_request->>'externalUserId');
    return v_found;
  end if;
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
