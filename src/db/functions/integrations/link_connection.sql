-- Links a service to an account that is in the vault: Gmail and Calendar of one Google account share its grant. An
-- integration that is known by that account, or by its address, is the same one, and no event if nothing changes.
-- Raises GH016 to GH018, GH028.
create or replace function gatehouse.link_connection(
  p_connection public.oauth_connections, p_service_id text, p_event_id uuid
) returns uuid
language plpgsql volatile
as $$
declare
  v_service public.services := gatehouse.linkable_service(p_service_id);
  v_email text := p_connection.connector_metadata->p_connection.connector_id->>'email';
  v public.user_integrations;
  v_before public.user_integrations;
begin
  if v_service.connector_id <> p_connection.connector_id then
    raise exception 'That account is not one of %', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  select * into v from public.user_integrations ui
   where ui.user_id = p_connection.user_id and ui.service_id = v_service.id
     and (ui.connection_id = p_connection.id or ui.external_user_id in (p_connection.account_id, v_email))
   order by ui.connection_id = p_connection.id desc nulls last, ui.created_at, ui.id limit 1;
  v_before := v;
  if v.id is null then
    perform gatehouse.check_room(p_connection.user_id);
    insert into public.user_integrations as ui
      (user_id, service_id, connection_id, external_user_id, external_username, created_by)
    values (p_connection.user_id, v_service.id, p_connection.id, p_connection.account_id, v_email,
      gatehouse.actor_user_id())
    returning * into v;
  else
    update public.user_integrations ui
       set connection_id = p_connection.id, is_active = true,
           external_username = coalesce(v_email, ui.external_username)
     where ui.id = v.id returning * into v;
  end if;
  if v_before.is_active is not true or (v.connection_id, v.external_username)
      is distinct from (v_before.connection_id, v_before.external_username) then
    perform gatehouse.note_integration(v, 'linked', p_event_id);
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_connection(public.oauth_connections, text, uuid) is 'Links a service to a connection of the vault.';
--> statement-breakpoint
revoke all on function gatehouse.link_connection(public.oauth_connections, text, uuid) from public;
