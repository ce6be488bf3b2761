-- The event of a link, in the same transaction, and the row of its trail; it names the user who acted, where that is another
-- than the link's. Sent again with one id it is the same event.
create or replace function gatehouse.note_integration(
  p_integration public.user_integrations, p_event text, p_event_id uuid
) returns void
language plpgsql volatile
as $$
begin
  insert into public.outbox (id, type, user_id, subject_id, payload)
  values (coalesce(p_event_id, gen_random_uuid()), 'integration.' || p_event, p_integration.user_id,
    p_integration.id::text, jsonb_strip_nulls(jsonb_build_object('service', p_integration.service_id,
      'externalUserId', p_integration.external_user_id,
      'actorUserId', nullif(gatehouse.actor_user_id(), p_integration.user_id))))
  on conflict (id) do nothing;
  perform gatehouse.note_link(p_integration, p_event);
end $$;
--> statement-breakpoint
comment on function gatehouse.note_integration(public.user_integrations, text, uuid) is 'Writes the event of a link.';
--> statement-breakpoint
revoke all on function gatehouse.note_integration(public.user_integrations, text, uuid) from public;
