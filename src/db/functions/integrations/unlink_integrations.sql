-- Disconnects accounts of a service softly: all of them, or the one of that external id (an empty one is refused: a
-- variable that was never filled does not mean all). Their tokens stay in the vault, for linking again. Definer:
-- members write no links. p_unlink: {user_id, service_id, external_user_id}, and of the Worker's: event_id, from which the
-- ids of all events come. Answers how many were active; sent again the same number. Raises GH013, GH015, GH016, GH018,
-- GH028.
create or replace function gatehouse.unlink_integrations(p_unlink jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_unlink->>'user_id';
  v_external_id text := p_unlink->>'external_user_id';
  v_event_id uuid := case when gatehouse.uid() is not null then (p_unlink->>'event_id')::uuid end;
  v public.user_integrations;
  v_unlinked integer := 0;
begin
  perform gatehouse.begin_linking(p_unlink);
  if v_external_id = '' then
    raise exception 'external_user_id is empty: leave it out to unlink every account of the service'
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not exists (select from public.services s where s.id = p_unlink->>'service_id') then
    raise exception 'There is no service "%"', p_unlink->>'service_id'
      using errcode = 'GH016', detail = 'service.not_found';
  end if;
  while exists (select from public.outbox o where o.id = v_event_id) loop
    v_unlinked := v_unlinked + 1;
    v_event_id := md5(v_event_id::text)::uuid;
  end loop;
  if v_unlinked > 0 then
    return v_unlinked;
  end if;
  for v in update public.user_integrations ui set is_active = false
     where ui.user_id = v_user_id and ui.service_id = p_unlink->>'service_id' and ui.is_active
       and (v_external_id is null or ui.external_user_id = v_external_id)
    returning * loop
    v_unlinked := v_unlinked + 1;
    perform gatehouse.check_events(v_user_id);
    perform gatehouse.note_integration(v, 'unlinked', v_event_id);
    v_event_id := md5(v_event_id::text)::uuid;
  end loop;
  return v_unlinked;
end $$;
--> statement-breakpoint
comment on function gatehouse.unlink_integrations(jsonb) is 'Disconnects accounts of a service softly.';
--> statement-breakpoint
revoke all on function gatehouse.unlink_integrations(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.unlink_integrations(jsonb) to gatehouse_member, gatehouse_sql;
