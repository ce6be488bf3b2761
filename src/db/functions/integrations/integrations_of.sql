-- What an administrator sees of integrations. Definer: administrators read no links.
create or replace function gatehouse.integrations_of(
  p_ids uuid[]
) returns table (
  id uuid, user_id text, email text, service_id text, service_name text, external_user_id text, display_label text,
  updated_at timestamptz)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select ui.id, ui.user_id, u.email::text, s.id, s.name, ui.external_user_id, ui.display_label, ui.updated_at
      from public.user_integrations ui join public.users u on u.id = ui.user_id join public.services s on s.id = ui.service_id
     where ui.id = any (p_ids);
end $$;
--> statement-breakpoint
comment on function gatehouse.integrations_of(uuid[]) is 'What an administrator sees of integrations.';
--> statement-breakpoint
revoke all on function gatehouse.integrations_of(uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.integrations_of(uuid[]) to gatehouse_admin, gatehouse_sql;
