-- INSTEAD OF DELETE of a view that shows integrations with their tokens. A grant that came with the link goes with it.
create or replace function gatehouse.delete_integration_view() returns trigger
language plpgsql volatile
as $$
begin
  delete from public.user_integrations ui where ui.id = old.id;
  return old;
end $$;
--> statement-breakpoint
comment on function gatehouse.delete_integration_view() is 'INSTEAD OF DELETE of a view of integrations with their tokens.';
--> statement-breakpoint
revoke all on function gatehouse.delete_integration_view() from public;
--> statement-breakpoint
grant execute on function gatehouse.delete_integration_view() to gatehouse_sql;
