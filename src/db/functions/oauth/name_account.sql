-- Gives the integrations of a connection the account that its provider named, where they have none: not where another
-- integration has that account, nor under values that are sealed for the one without.
create or replace function gatehouse.name_account(
  p_connection public.oauth_connections, p_account_id text, p_email text
) returns void
language plpgsql volatile
as $$
begin
  update public.user_integrations ui
     set external_username = coalesce(ui.external_username, p_email),
         external_user_id = case when ui.external_user_id is not null or gatehouse.is_sealed(ui.auth_code)
             or gatehouse.is_sealed(ui.credentials #>> '{}')
             or exists (select from public.user_integrations o where o.user_id = ui.user_id and o.service_id = ui.service_id
               and o.external_user_id = p_account_id)
           then ui.external_user_id else p_account_id end
   where ui.user_id = p_connection.user_id and ui.connection_id = p_connection.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.name_account(public.oauth_connections, text, text) is 'Gives integrations the account of their connection.';
--> statement-breakpoint
revoke all on function gatehouse.name_account(public.oauth_connections, text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.name_account(public.oauth_connections, text, text) to gatehouse_system;
