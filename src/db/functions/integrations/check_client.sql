-- Refuses a refresh token that a person brings for this deployment's client: its secret would redeem a token that leaked
-- elsewhere. Such grants come from the connect flow, a service token or a SQL client. p_link: what link_integration takes.
-- Raises GH018.
create or replace function gatehouse.check_client(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_client text := nullif(p_link->>'client_id', '');
begin
  if nullif(p_link->>'refresh_token', '') is null or gatehouse.uid() is null or gatehouse.actor_kind() = 'service' then
    return;
  elsif v_client is null or nullif(p_link->>'client_secret', '') is null or v_client = p_link->>'deployment_client' then
    raise exception 'refresh_token: send the client_id and client_secret of your own that it was made for, or connect the account in a browser'
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_client(jsonb) is 'Refuses a refresh token that a person brings for the client of this deployment.';
--> statement-breakpoint
revoke all on function gatehouse.check_client(jsonb) from public;
