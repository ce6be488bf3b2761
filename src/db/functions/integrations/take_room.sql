-- Takes one of the places that an owner has left for connections, integrations or events (p_kind: connection, integration,
-- event), and says whether there was one.
-- The owner is locked, so what is counted once holds for the whole transaction: a list of a thousand links counts once and
-- not for each.
create or replace function gatehouse.take_room(p_kind text, p_owner text) returns boolean
language plpgsql volatile
as $$
declare
  v_setting text := 'gatehouse.room_for_' || p_kind;
  -- {owner: how many more}, in this transaction.
  v_known jsonb := coalesce(nullif(current_setting(v_setting, true), '')::jsonb, '{}');
  v_left integer := coalesce((v_known->>p_owner)::integer, case p_kind
    when 'connection' then gatehouse.connection_room(p_owner) when 'event' then gatehouse.event_room(p_owner)
    else gatehouse.link_room(p_owner) end);
begin
  perform set_config(v_setting, jsonb_build_object(p_owner, greatest(0, v_left - 1))::text, true);
  return v_left > 0;
end $$;
--> statement-breakpoint
comment on function gatehouse.take_room(text, text) is 'Takes one of the places that an owner has left.';
--> statement-breakpoint
revoke all on function gatehouse.take_room(text, text) from public;
