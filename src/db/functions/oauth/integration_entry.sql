-- An integration as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.integration_entry(p_row public.user_integrations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'user_integrations', 'id', p_row.id, 'owner', 'user:' || p_row.user_id,
      'connector', p_row.service_id, 'accountId', coalesce(p_row.external_user_id, '')),
    jsonb_build_object('credentials', gatehouse.credentials_text(p_row.credentials), 'auth_code', p_row.auth_code));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_entry(public.user_integrations) is 'An integration as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_entry(public.user_integrations) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_entry(public.user_integrations) to gatehouse_system;
