-- The id of a user's link to an account of a service, which has an external id or none; null where there is no such link.
-- Two statements, each with the whole index: one with `or` would look at every account of the user, for each item of a
-- long list.
create or replace function gatehouse.account_link(p_user_id text, p_service_id text, p_external_id text) returns uuid
language plpgsql stable
as $$
begin
  if p_external_id is null then
    return (select ui.id from public.user_integrations ui
      where ui.user_id = p_user_id and ui.service_id = p_service_id and ui.external_user_id is null);
  end if;
  return (select ui.id from public.user_integrations ui
    where ui.user_id = p_user_id and ui.service_id = p_service_id and ui.external_user_id = p_external_id);
end $$;
--> statement-breakpoint
comment on function gatehouse.account_link(text, text, text) is 'The id of a user''s link to an account of a service.';
--> statement-breakpoint
revoke all on function gatehouse.account_link(text, text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.account_link(text, text, text) to gatehouse_member;
