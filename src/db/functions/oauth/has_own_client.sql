-- Whether a grant brought its own client, id and secret: then the deployment's secret is never sent for it, as
-- src/domain/oauth/client.ts has it.
create or replace function gatehouse.has_own_client(p_connection public.oauth_connections) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_connection.client_id is not null and p_connection.client_secret is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.has_own_client(public.oauth_connections) is 'Whether a grant brought id and secret of a client.';
--> statement-breakpoint
revoke all on function gatehouse.has_own_client(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.has_own_client(public.oauth_connections) to gatehouse_system;
