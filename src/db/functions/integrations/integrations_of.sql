-- What an administrator sees of integrations. `offset 0`: each is looked up, however many there are. Definer:
-- administrators read no links.
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
      from unnest(p_ids) wanted (id)
      cross join lateral (select i.* from public.user_integrations i where i.id = wanted.id offset 0) ui
      cross join lateral (select p.email from public.users p where p.id = ui.user_id offset 0) u
      join public.services s on s.id = ui.service_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.integrations_of(uuid[]) is 'What an administrator sees of integrations.';
--> statement-breakpoint
revoke all on function gatehouse.integrations_of(uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.integrations_of(uuid[]) to gatehouse_admin, gatehouse_sql;
