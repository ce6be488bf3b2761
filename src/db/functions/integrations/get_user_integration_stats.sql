-- Requirement 1: counts over a user's integrations; tokens, services and types of the active ones. Times in UTC. Zeros
-- for a user without any.
create or replace function public.get_user_integration_stats(user_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
#variable_conflict use_column
begin
  return (
    with mine as (
      select ui.*, s.type, c.id is not null as has_grant, c.status,
          c.id is not null and gatehouse.is_expired(c.expires_at, s.tokens_expire) as is_expired
        from (select ui.id, ui.user_id, ui.service_id, ui.connection_id, ui.is_active, ui.created_at, ui.updated_at
          from public.user_integrations ui where ui.user_id = get_user_integration_stats.user_id) ui
        join public.services s on s.id = ui.service_id
        left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
    )
    select jsonb_build_object('user_id', get_user_integration_stats.user_id, 'total_integrations', count(*),
        'active_integrations', count(*) filter (where m.is_active),
        'inactive_integrations', count(*) filter (where not m.is_active),
        'valid_tokens', count(*) filter (where m.is_active and m.has_grant and not m.is_expired),
        'expired_tokens', count(*) filter (where m.is_active and m.is_expired),
        'refresh_expired', count(*) filter (where m.is_active and m.status in ('expired', 'revoked')),
        'services', coalesce((select jsonb_object_agg(g.service_id, g.n)
          from (select m.service_id, count(*) as n from mine m where m.is_active group by 1) g), '{}'),
        'types', coalesce((select jsonb_object_agg(g.type, g.n)
          from (select m.type, count(*) as n from mine m where m.is_active group by 1) g), '{}'),
        'first_connected_at', min(m.created_at), 'last_updated_at', max(m.updated_at))
      from mine m);
end $$;
--> statement-breakpoint
comment on function public.get_user_integration_stats(text) is 'Counts over the integrations of a user.';
--> statement-breakpoint
revoke all on function public.get_user_integration_stats(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_integration_stats(text) to gatehouse_member, gatehouse_sql;
