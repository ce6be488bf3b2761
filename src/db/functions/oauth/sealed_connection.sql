-- A connection as the Worker needs it to use or refresh it. Values stay sealed; times are seconds from now, so that only
-- one clock counts.
create or replace function gatehouse.sealed_connection(p_connection public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object('id', p_connection.id, 'owner', p_connection.owner, 'connector', p_connection.connector_id,
    'accountId', p_connection.account_id, 'clientId', p_connection.client_id, 'clientSecret', p_connection.client_secret,
    'breakerKey', gatehouse.breaker_key(p_connection),
    'accessToken', p_connection.access_token, 'refreshToken', p_connection.refresh_token,
    'tokenType', p_connection.token_type, 'scopes', p_connection.scopes, 'status', p_connection.status,
    'version', p_connection.version, 'parameters', p_connection.parameters,
    'expiresAt', p_connection.expires_at, 'failureCount', p_connection.failure_count,
    'lastFailure', p_connection.last_failure, 'isDoubtful', p_connection.lease_doubtful,
    'secondsLeft', extract(epoch from p_connection.expires_at - now()));
end $$;
--> statement-breakpoint
comment on function gatehouse.sealed_connection(public.oauth_connections) is 'A connection with its sealed values, for the Worker.';
--> statement-breakpoint
revoke all on function gatehouse.sealed_connection(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.sealed_connection(public.oauth_connections) to gatehouse_system;
