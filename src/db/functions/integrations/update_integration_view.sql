-- INSTEAD OF UPDATE of a view that shows integrations with their tokens, as requirement 1 wrote the table. Invoker: the
-- client's own rights on the base table hold; tokens go through write_tokens.
create or replace function gatehouse.update_integration_view() returns trigger
language plpgsql volatile
as $$
begin
  if new.user_id is distinct from old.user_id then
    perform gatehouse.move_integration(old.id, new.user_id);
  end if;
  update public.user_integrations ui
     set id = new.id, service_id = new.service_id, is_active = new.is_active, display_label = new.display_label,
         auth_code = new.auth_code, external_user_id = new.external_user_id,
         external_username = new.external_username, credentials = new.credentials,
         metadata = coalesce(new.metadata, '{}'), created_at = new.created_at
   where ui.id = old.id;
  if (new.access_token, new.refresh_token, new.token_expires_at, new.refresh_expired, new.client_id,
        new.client_secret, new.granted_scopes)
      is distinct from (old.access_token, old.refresh_token, old.token_expires_at, old.refresh_expired, old.client_id,
        old.client_secret, old.granted_scopes) then
    perform gatehouse.write_tokens(jsonb_build_object('integration_id', new.id, 'access_token', new.access_token,
      'refresh_token', new.refresh_token, 'token_expires_at', new.token_expires_at, 'client_id', new.client_id,
      'client_secret', new.client_secret, 'granted_scopes', new.granted_scopes, 'refresh_expired', new.refresh_expired,
      'is_renewed', new.refresh_token is distinct from old.refresh_token
        and new.refresh_expired = old.refresh_expired));
  end if;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.update_integration_view() is 'INSTEAD OF UPDATE of a view of integrations with their tokens.';
--> statement-breakpoint
revoke all on function gatehouse.update_integration_view() from public;
--> statement-breakpoint
grant execute on function gatehouse.update_integration_view() to gatehouse_sql;
