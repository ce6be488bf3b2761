-- Takes the right to refresh a connection, under the lock of its row, so that what is read is the newest. p_lease: {id,
-- seconds, isForced, version, singleUse}. With a version, the row must still have it; without one, it must be due or forced.
-- Of connectors in `singleUse` a refresh token that is used twice ends the grant. A lease of theirs that ran out in silence
-- may have an answer on its way through the queue: so whoever finds it first only gives it 45 seconds more, from a moment
-- at which the database is seen to answer, and the next one takes it.
-- Answers {outcome: leased | busy | settled | gone, connection, isUnanswered}.
create or replace function gatehouse.take_lease(p_id uuid, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_is_unanswered boolean;
begin
  select * into v from public.oauth_connections c where c.id = p_id for update;
  if not found then
    return '{"outcome": "gone"}';
  elsif (case when p_lease ? 'version' then v.version <> (p_lease->>'version')::bigint or v.status <> 'active'
      else not coalesce((p_lease->>'isForced')::boolean, false) and v.next_refresh_at > now()
        and (gatehouse.is_usable(v) or v.failure_count > 0) end) then
    return jsonb_build_object('outcome', 'settled', 'connection', gatehouse.sealed_connection(v));
  elsif v.lease_until > now() and v.lease_id is distinct from (p_lease->>'id')::uuid then
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  -- The same lease once more is the same request, sent again since its answer was lost.
  v_is_unanswered := coalesce(v.lease_id <> (p_lease->>'id')::uuid, false);
  if v_is_unanswered and not v.lease_doubtful and p_lease->'singleUse' ? v.connector_id then
    update public.oauth_connections set lease_doubtful = true, lease_until = now() + interval '45 seconds' where id = p_id;
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  update public.oauth_connections
     set lease_id = (p_lease->>'id')::uuid, lease_doubtful = false,
         lease_until = now() + make_interval(secs => (p_lease->>'seconds')::double precision)
   where id = p_id returning * into v;
  return jsonb_build_object('outcome', 'leased', 'connection', gatehouse.sealed_connection(v),
    'isUnanswered', v_is_unanswered);
end $$;
--> statement-breakpoint
comment on function gatehouse.take_lease(uuid, jsonb) is 'Takes the right to refresh a connection for a while.';
--> statement-breakpoint
revoke all on function gatehouse.take_lease(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.take_lease(uuid, jsonb) to gatehouse_system;
