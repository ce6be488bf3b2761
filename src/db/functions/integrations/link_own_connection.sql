-- Links a service to a connection of the subject. Definer: members write no links. Sent again it links nothing, and
-- answers the integration that it linked. p_link: {connection_id, service_id, display_label, event_id}. Raises GH003,
-- GH005, GH016 to GH018, GH022, GH028.
create or replace function gatehouse.link_own_connection(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections;
  v_id uuid := gatehouse.effects()->>(p_link->>'event_id');
begin
  if v_id is not null then
    return v_id;
  end if;
  perform gatehouse.lock_actor();
  v := gatehouse.own_connection(jsonb_build_object('connectionId', p_link->>'connection_id'));
  if p_link->>'connection_id' is null or v.id is null or v.user_id is null then
    raise exception 'connection.not_found' using errcode = 'GH022', detail = 'connection.not_found';
  end if;
  perform gatehouse.check_events(v.user_id);
  v_id := gatehouse.link_connection(v, p_link->>'service_id', (p_link->>'event_id')::uuid);
  update public.user_integrations ui
     set display_label = coalesce(nullif(p_link->>'display_label', ''), ui.display_label)
   where ui.id = v_id;
  perform gatehouse.keep_effect(p_link->>'event_id', to_jsonb(v_id));
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_own_connection(jsonb) is 'Links a service to a connection of the subject.';
--> statement-breakpoint
revoke all on function gatehouse.link_own_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_own_connection(jsonb) to gatehouse_member;
