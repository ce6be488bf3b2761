-- Active integrations that lack something, by id after p_after: each kind of lack has an index of its own. One row an
-- integration. `offset 0` keeps each grant's integration a look-up of its own: what is asked costs what lacks
-- something, not what there is. Definer: administrators read no links.
create or replace function gatehouse.incomplete_integrations(
  p_service_id text, p_limit integer, p_after uuid
) returns table (integration_id uuid, issue text)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    with wanted as materialized (
      select s.id, s.type, s.tokens_expire from public.services s where p_service_id is null or s.id = p_service_id
    ), broken as (
      select ui.id, ui.service_id, ui.issue
        from public.oauth_connections c cross join lateral (
          select i.id, i.service_id, case when c.status = 'error' then 'token_unreadable'
              else 'refresh_' || c.status end as issue
            from public.user_integrations i
           where i.user_id = c.user_id and i.connection_id = c.id and i.is_active
             and (p_after is null or i.id > p_after) offset 0) ui
       where c.status <> 'active' and c.user_id is not null
    ), ended as (
      select ui.id, ui.service_id, c.expires_at
        from public.oauth_connections c cross join lateral (
          select i.id, i.service_id from public.user_integrations i
           where i.user_id = c.user_id and i.connection_id = c.id and i.is_active
             and (p_after is null or i.id > p_after) offset 0) ui
       where c.status = 'active' and c.refresh_token is null and c.user_id is not null
         and (c.expires_at <= now() or c.expires_at is null)
    ), found as (
      (select ui.id, 'missing_token' as issue from wanted w cross join lateral (
          select i.id from public.user_integrations i
           where i.service_id = w.id and i.is_active and i.connection_id is null
             and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type <> 'messaging')
      union all
      (select ui.id, 'missing_external_user_id' from wanted w cross join lateral (
          select i.id from public.user_integrations i
           where i.service_id = w.id and i.is_active and i.external_user_id is null
             and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type = 'messaging')
      union all
      (select b.id, b.issue from broken b join wanted w on w.id = b.service_id order by b.id limit p_limit)
      union all
      (select e.id, 'token_expired' from ended e join wanted w on w.id = e.service_id
        where e.expires_at is not null or w.tokens_expire order by e.id limit p_limit)
    )
    select distinct on (f.id) f.id, f.issue from found f order by f.id, f.issue limit p_limit;
end $$;
--> statement-breakpoint
comment on function gatehouse.incomplete_integrations(text, integer, uuid) is 'Active integrations that lack something.';
--> statement-breakpoint
revoke all on function gatehouse.incomplete_integrations(text, integer, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.incomplete_integrations(text, integer, uuid) to gatehouse_admin, gatehouse_sql;
