-- A grant that waits to be revoked as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.revocation_entry(p_row public.grant_revocations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'grant_revocations', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object(p_row.token_field, p_row.token, 'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.revocation_entry(public.grant_revocations) is 'A grant to revoke as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.revocation_entry(public.grant_revocations) from public;
--> statement-breakpoint
grant execute on function gatehouse.revocation_entry(public.grant_revocations) to gatehouse_system;
