-- Disconnects a connection of the subject. Definer: members delete nothing. Sent again it is done already. Answers
-- disconnected, or connection.not_found.
create or replace function gatehouse.disconnect(p_connection_id uuid, p_event_id uuid) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(jsonb_build_object('connectionId', p_connection_id));
begin
  select * into v from public.oauth_connections c where c.id = v.id for update;
  if not found then
    return case when exists (select from public.connection_events e
        where e.id = p_event_id and e.connection_id = p_connection_id) then 'disconnected' else 'connection.not_found' end;
  end if;
  perform gatehouse.drop_connection(v, p_event_id);
  return 'disconnected';
end $$;
--> statement-breakpoint
comment on function gatehouse.disconnect(uuid, uuid) is 'Disconnects a connection of the subject.';
--> statement-breakpoint
revoke all on function gatehouse.disconnect(uuid, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.disconnect(uuid, uuid) to gatehouse_member;
