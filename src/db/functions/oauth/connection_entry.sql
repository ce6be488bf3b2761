-- A connection as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.connection_entry(p_row public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'oauth_connections', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object('access_token', p_row.access_token, 'refresh_token', p_row.refresh_token,
      'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_entry(public.oauth_connections) is 'A connection as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.connection_entry(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_entry(public.oauth_connections) to gatehouse_system;
