-- Says on the integrations of a connection whose account its provider named, where nobody gave them a name. Their external
-- id stays: linking again without one must find the same integration.
create or replace function gatehouse.name_account(p_connection public.oauth_connections, p_email text) returns void
language plpgsql volatile
as $$
begin
  update public.user_integrations ui set external_username = p_email
   where ui.user_id = p_connection.user_id and ui.connection_id = p_connection.id and ui.external_username is null;
end $$;
--> statement-breakpoint
comment on function gatehouse.name_account(public.oauth_connections, text) is 'Names the integrations of a connection.';
--> statement-breakpoint
revoke all on function gatehouse.name_account(public.oauth_connections, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.name_account(public.oauth_connections, text) to gatehouse_system;
