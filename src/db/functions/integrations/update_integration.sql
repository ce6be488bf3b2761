-- Changes what a user says of a link: label, username, metadata, active, primary. What is not among the keys stays;
-- given metadata replaces all but the primary flag. Sent again it changes nothing. Definer: members write no links. p_change: {user_id, id, event_id,
-- display_label, external_username, metadata, is_active, is_primary}. Answers done, or integration.not_found. Raises
-- GH003, GH005, GH013, GH016 to GH018, GH028, GH029.
create or replace function gatehouse.update_integration(p_change jsonb) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  perform gatehouse.check_link(p_change);
  if not coalesce(gatehouse.may_act_for(p_change->>'user_id'), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  if (p_change->>'is_active')::boolean then
    perform gatehouse.lock_actor();
  end if;
  -- One at a time for a user: two calls that each name a primary one leave one.
  perform from public.users u where u.id = p_change->>'user_id' for no key update;
  select * into v from public.user_integrations ui
   where ui.user_id = p_change->>'user_id' and ui.id = (p_change->>'id')::uuid for no key update;
  if v.id is null then
    return 'integration.not_found';
  elsif gatehouse.is_repeated(p_change->>'event_id') then
    return 'done';
  elsif (p_change->>'is_active')::boolean and not v.is_active then
    perform gatehouse.linkable_service(v.service_id);
  end if;
  if (p_change->>'is_primary')::boolean then
    update public.user_integrations ui set metadata = ui.metadata - 'primary'
     where ui.user_id = v.user_id and ui.service_id = v.service_id and ui.id <> v.id and ui.metadata ? 'primary';
  end if;
  update public.user_integrations ui
     set display_label = case when p_change ? 'display_label' then p_change->>'display_label' else ui.display_label end,
         external_username = case when p_change ? 'external_username' then p_change->>'external_username'
           else ui.external_username end,
         is_active = coalesce((p_change->>'is_active')::boolean, ui.is_active),
         metadata = (coalesce(nullif(p_change->'metadata', 'null'), ui.metadata) - 'primary')
           || case when coalesce((p_change->>'is_primary')::boolean, ui.metadata->'primary' = 'true', false)
              then '{"primary": true}'::jsonb else '{}' end
   where ui.id = v.id;
  if p_change->'metadata' <> 'null' then
    perform gatehouse.check_metadata(p_change->'metadata');
  end if;
  if (p_change->>'is_active')::boolean is distinct from v.is_active and p_change->>'is_active' is not null then
    perform gatehouse.check_events(v.user_id);
    perform gatehouse.note_integration(v, case when v.is_active then 'unlinked' else 'linked' end,
      (p_change->>'event_id')::uuid);
  end if;
  perform gatehouse.keep_effect(p_change->>'event_id', 'true');
  return 'done';
end $$;
--> statement-breakpoint
comment on function gatehouse.update_integration(jsonb) is 'Changes a link.';
--> statement-breakpoint
revoke all on function gatehouse.update_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.update_integration(jsonb) to gatehouse_member;
