-- A grant that somebody brought with a link goes with the last link to it: nothing else leads there. It is not revoked;
-- who brought it may use it elsewhere. Definer: SQL clients delete nothing from the vault.
create or replace function gatehouse.drop_unverified_grant() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from public.oauth_connections c
   where c.id = old.connection_id and c.account_id like 'unverified:%'
     and not exists (select from public.user_integrations ui where ui.user_id = c.user_id and ui.connection_id = c.id);
  return null;
end $$;
--> statement-breakpoint
comment on function gatehouse.drop_unverified_grant() is 'Erases a brought grant with its last link.';
--> statement-breakpoint
revoke all on function gatehouse.drop_unverified_grant() from public;
