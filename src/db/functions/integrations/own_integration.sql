-- The active integration of this transaction's subject that a request for a service means: of that account, or without
-- one the primary. Null when there is none.
create or replace function gatehouse.own_integration(p_service_id text, p_external_user_id text) returns uuid
language plpgsql stable
as $$
begin
  if p_external_user_id is null then
    return gatehouse.primary_integration(gatehouse.uid(), p_service_id);
  end if;
  return (select ui.id from public.user_integrations ui
    where ui.user_id = gatehouse.uid() and ui.service_id = p_service_id and ui.external_user_id = p_external_user_id
      and ui.is_active);
end $$;
--> statement-breakpoint
comment on function gatehouse.own_integration(text, text) is 'The integration of the subject that a request means.';
--> statement-breakpoint
revoke all on function gatehouse.own_integration(text, text) from public;
