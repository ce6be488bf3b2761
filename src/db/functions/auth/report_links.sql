-- The links that a person made, or linked again, since a moment: those of the user, whoever it was, and those of others that
-- the user made. One that was linked again within the hour before, and changed since, may have been linked again since by
-- the same credential: see note_link.
create or replace function gatehouse.report_links(p_user_id text, p_from timestamptz)
returns table (integration_id uuid, linked_at timestamptz)
language plpgsql stable
as $$
begin
  return query
    select l.id, min(l.at) from (
      select ui.id, ui.created_at as at
        from public.user_integrations ui
       where ui.id in (select o.id from public.user_integrations o where o.user_id = p_user_id and o.created_by is not null
           union select c.id from public.user_integrations c where c.created_by = p_user_id)
         and ui.created_at >= p_from
      union all
      select ui.id, e.created_at
        from public.connection_events e join public.user_integrations ui on ui.id = e.connection_id
       where e.id in (
           select o.id from public.connection_events o where o.user_id = p_user_id and o.event = 'integration.linked'
              and o.created_at >= p_from - interval '1 hour'
           union select a.id from public.connection_events a where a.actor_user_id = p_user_id
              and a.event = 'integration.linked' and a.created_at >= p_from - interval '1 hour')
         and (e.created_at >= p_from or ui.updated_at >= p_from and not exists (
           select from public.connection_events u where u.connection_id = e.connection_id
              and u.event = 'integration.unlinked' and u.created_at > e.created_at))) l
     group by l.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.report_links(text, timestamptz) is 'The links that a person made since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_links(text, timestamptz) from public;
