-- Takes a connection out of the vault. Its token is kept, sealed as it was, only until the provider has revoked it.
create or replace function gatehouse.drop_connection(p_connection public.oauth_connections, p_event_id uuid) returns void
language plpgsql volatile
as $$
begin
  insert into public.grant_revocations
    (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
  select p_connection.id, p_connection.id, p_connection.owner, p_connection.connector_id, p_connection.account_id,
    p_connection.client_id, p_connection.client_secret,
    case when p_connection.refresh_token is null then 'access_token' else 'refresh_token' end,
    coalesce(p_connection.refresh_token, p_connection.access_token), p_connection.parameters
   where coalesce(p_connection.refresh_token, p_connection.access_token) <> ''
  on conflict (id) do nothing;
  perform gatehouse.bound_revocations(p_connection.owner);
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
