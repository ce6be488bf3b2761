-- Requirement 1: a user with all integrations, tokens included, as JSON; null for an unknown user. Times in UTC. Sealed
-- tokens come as they are stored, with "sealed": true.
create or replace function public.get_user_with_integrations(user_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
#variable_conflict use_column
begin
  return (
    select jsonb_build_object('id', u.id, 'email', u.email, 'display_name', u.display_name, 'position', u.position,
        'role', u.role, 'phone_number', u.phone_number, 'time_zone', u.time_zone, 'integrations', coalesce((
          select jsonb_agg(gatehouse.integration_json(ui, s, c) order by s.type, s.name, ui.created_at, ui.id)
            from public.user_integrations ui join public.services s on s.id = ui.service_id
            left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
           where ui.user_id = u.id), '[]'))
      from public.users u where u.id = get_user_with_integrations.user_id);
end $$;
--> statement-breakpoint
comment on function public.get_user_with_integrations(text) is 'A user with all integrations, tokens included.';
--> statement-breakpoint
revoke all on function public.get_user_with_integrations(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_with_integrations(text) to gatehouse_sql;
