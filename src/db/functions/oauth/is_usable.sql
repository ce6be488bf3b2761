-- Whether the access token of a connection works still, for five seconds at least. A grant may have come without one.
create or replace function gatehouse.is_usable(p_connection public.oauth_connections) returns boolean
language plpgsql stable
as $$
begin
  return p_connection.access_token <> ''
    and (p_connection.expires_at is null or p_connection.expires_at > now() + interval '5 seconds');
end $$;
--> statement-breakpoint
comment on function gatehouse.is_usable(public.oauth_connections) is 'Whether the access token of a connection works still.';
--> statement-breakpoint
revoke all on function gatehouse.is_usable(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_usable(public.oauth_connections) to gatehouse_system;
