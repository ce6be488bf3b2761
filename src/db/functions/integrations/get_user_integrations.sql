-- Requirement 1: all integrations of a user, without secrets.
create or replace function public.get_user_integrations(
  user_id text
) returns table (integration_id uuid, service_name text, service_type text, is_active boolean, external_user_id text)
language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select ui.id, s.name, s.type, ui.is_active, ui.external_user_id
      from public.user_integrations ui join public.services s on s.id = ui.service_id
     where ui.user_id = get_user_integrations.user_id
     order by s.type, s.name, ui.created_at, ui.id;
end $$;
--> statement-breakpoint
comment on function public.get_user_integrations(text) is 'All integrations of a user, without secrets.';
--> statement-breakpoint
revoke all on function public.get_user_integrations(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_integrations(text) to gatehouse_member, gatehouse_sql;
