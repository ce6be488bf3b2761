-- Whose client a grant is refreshed with: what a breaker is kept under (connector_breakers.client_id). No other code builds this key.
-- Of the deployment's client: its id, '' where the grant names none. A grant that brought id and secret of a client has a
-- key of its owner's, so a wrong secret stops nobody else. Where a connector has parameters (a shop's domain) each stands for
-- a server of its own, and is part of the key.
create or replace function gatehouse.breaker_key(p_connection public.oauth_connections) returns text
language plpgsql stable
as $$
declare
  v_key text := coalesce(p_connection.client_id, '');
begin
  if gatehouse.has_own_client(p_connection) then
    v_key := 'own:' || encode(sha256(convert_to(
      jsonb_build_array(p_connection.owner, p_connection.client_id)::text, 'UTF8')), 'hex');
  end if;
  if p_connection.parameters = '{}' then
    return v_key;
  end if;
  return 'at:' || encode(sha256(convert_to(jsonb_build_array(v_key, p_connection.parameters)::text, 'UTF8')), 'hex');
end $$;
--> statement-breakpoint
comment on function gatehouse.breaker_key(public.oauth_connections) is 'Whose client a grant is refreshed with: the key of its breaker.';
--> statement-breakpoint
revoke all on function gatehouse.breaker_key(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.breaker_key(public.oauth_connections) to gatehouse_system;
