-- For the subject's own connection: whether its connector is left alone just now, until when, and why.
create or replace function gatehouse.connection_breaker(p_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select jsonb_build_object('openUntil', b.open_until, 'class', b.last_failure->>'class',
      'code', b.last_failure->>'code')
    from public.connector_breakers b, gatehouse.own_connection(jsonb_build_object('connectionId', p_id)) c
   where b.connector_id = c.connector_id and b.client_id = gatehouse.breaker_key(c) and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_breaker(uuid) is 'Whether the connector of a connection of the subject is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.connection_breaker(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_breaker(uuid) to gatehouse_member;
