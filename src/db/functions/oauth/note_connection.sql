-- One row of a connection's trail; with `outbox`, the event for webhooks as well, in the same statement's transaction.
-- Both say which user acted; the event where it is another than the owner. p_note: {id, event, evidence, outbox}. Sent
-- again with one id it is the same row.
create or replace function gatehouse.note_connection(p_connection public.oauth_connections, p_note jsonb) returns void
language plpgsql volatile
as $$
declare
  v_id uuid := coalesce((p_note->>'id')::uuid, gen_random_uuid());
begin
  insert into public.connection_events
    (id, connection_id, user_id, organization_id, connector_id, event, actor_kind, actor_id,
     actor_user_id, evidence)
  values (v_id, p_connection.id, p_connection.user_id, p_connection.organization_id, p_connection.connector_id,
    p_note->>'event', gatehouse.actor_kind(), gatehouse.actor_id(), gatehouse.actor_user_id(), p_note->'evidence')
  on conflict (id) do nothing;
  if (p_note->>'outbox')::boolean then
    insert into public.outbox (id, type, user_id, organization_id, subject_id, payload)
    values (v_id, 'connection.' || (p_note->>'event'), p_connection.user_id, p_connection.organization_id,
      p_connection.id::text, jsonb_strip_nulls(jsonb_build_object('connector', p_connection.connector_id,
        'accountId', p_connection.account_id, 'reason', p_note->'evidence'->>'code',
        'actorUserId', nullif(gatehouse.actor_user_id(), p_connection.user_id))))
    on conflict (id) do nothing;
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_connection(public.oauth_connections, jsonb) is 'Adds a row to a connection''s trail, and to the outbox where others wait for it.';
--> statement-breakpoint
revoke all on function gatehouse.note_connection(public.oauth_connections, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.note_connection(public.oauth_connections, jsonb) to gatehouse_system;
