-- Until when the connector of a connection is left alone, for its client; null when it is not.
create or replace function gatehouse.open_breaker_until(p_connection public.oauth_connections) returns timestamptz
language plpgsql stable
as $$
begin
  return (select b.open_until from public.connector_breakers b
    where b.connector_id = p_connection.connector_id and b.client_id = gatehouse.breaker_key(p_connection)
      and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker_until(public.oauth_connections) is 'Until when the connector of a connection is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker_until(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker_until(public.oauth_connections) to gatehouse_system;
