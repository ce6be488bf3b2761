-- The trail of a link of before: a person linked it again, or unlinked it, and by which credential; the rows of connection
-- trails, under the link's id. What is done again and again is one event an hour of a credential's. A new link, which says
-- itself who made it, and what backends do has none.
create or replace function gatehouse.note_link(p_integration public.user_integrations, p_event text) returns void
language plpgsql volatile
as $$
declare
  v_event text := 'integration.' || p_event;
begin
  if gatehouse.actor_user_id() is null or p_integration.created_at = now()
      or v_event = (select e.event from public.connection_events e where e.connection_id = p_integration.id
        order by e.created_at desc, e.id desc limit 1)
      and exists (select from public.connection_events e where e.connection_id = p_integration.id and e.event = v_event
        and e.created_at >= now() - interval '1 hour' and e.actor_id = gatehouse.actor_id()::text) then
    return;
  end if;
  insert into public.connection_events
    (connection_id, user_id, connector_id, event, actor_kind, actor_id, actor_user_id)
  values (p_integration.id, p_integration.user_id, left(p_integration.service_id, 50), v_event,
    gatehouse.actor_kind(), gatehouse.actor_id(), gatehouse.actor_user_id());
end $$;
--> statement-breakpoint
comment on function gatehouse.note_link(public.user_integrations, text) is 'Adds a row to a link''s trail.';
--> statement-breakpoint
revoke all on function gatehouse.note_link(public.user_integrations, text) from public;
