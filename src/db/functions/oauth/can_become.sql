-- Whether a new grant may take the place of a connection that was brought without an account: none of its links knows
-- another account. p_grant: see store_connection.
create or replace function gatehouse.can_become(p_connection public.oauth_connections, p_grant jsonb) returns boolean
language plpgsql stable
as $$
begin
  return p_connection.account_id like 'unverified:%' and p_connection.connector_id = p_grant->>'connector'
    and not exists (select from public.user_integrations ui
      where ui.user_id = p_connection.user_id and ui.connection_id = p_connection.id
        and ui.external_user_id <> p_grant->>'accountId'
        and lower(ui.external_user_id) is distinct from lower(p_grant->'metadata'->p_connection.connector_id->>'email'));
end $$;
--> statement-breakpoint
comment on function gatehouse.can_become(public.oauth_connections, jsonb) is 'Whether a grant may take the place of one without an account.';
--> statement-breakpoint
revoke all on function gatehouse.can_become(public.oauth_connections, jsonb) from public;
