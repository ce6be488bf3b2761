-- A token of the subject's connection in one trip: the fresh one, or the lease to refresh it. Definer: members read no
-- tokens. p_request: see own_connection, plus lease {id, seconds, isForced, singleUse, refreshable}. A refresh by
-- hand is forced, though not within thirty seconds of the last. Connectors not in `refreshable` have no code here: their
-- tokens are handed out as they came, and no status says when they ran out: whoever brought them
-- renews them. Answers {outcome, connection, retryAfter}:
-- not_connected; fresh (use it); leased (refresh it, and commit); busy (somebody else does); failing (it has run out, and the
-- next try is due later); needs_reauthorization.
create or replace function gatehouse.read_token(p_request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(p_request);
  v_is_forced boolean := coalesce((p_request->'lease'->>'isForced')::boolean, false)
    and (v.last_refresh_at is null or v.last_refresh_at < now() - interval '30 seconds');
  v_is_good boolean := gatehouse.is_usable(v);
  v_is_known boolean := not p_request->'lease' ? 'refreshable' or p_request->'lease'->'refreshable' ? v.connector_id;
  v_can_refresh boolean := v.refresh_token is not null and v_is_known;
  v_paused_until timestamptz;
  v_lease jsonb := '{"outcome": "settled"}';
begin
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status = 'active' and not v_is_good and not v_is_known then
    v.status := 'expired';
  elsif v.status = 'active' and not v_is_good and (v.refresh_token is null or v.refresh_expires_at <= now()) then
    v := gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
      'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
  end if;
  if v.status <> 'active' and not (v_is_forced and v.status = 'error' and v_can_refresh) then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  end if;
  if v_can_refresh and (v_is_forced or not v_is_good
      or (v.next_refresh_at <= now() and (v.refresh_expires_at is null or v.refresh_expires_at > now()))) then
    v_paused_until := case when not v_is_forced then gatehouse.open_breaker_until(v) end;
    if v_paused_until is null then
      v_lease := gatehouse.take_lease(v.id, p_request->'lease' || jsonb_build_object('isForced', v_is_forced));
    end if;
    if v_lease->>'outcome' in ('leased', 'busy') then
      if not v_is_forced then
        perform gatehouse.note_token_read(v);
      end if;
      return v_lease;
    elsif v_paused_until is null then
      -- Somebody was here between the two looks: what they left counts.
      select * into v from public.oauth_connections c where c.id = v.id;
      v_is_good := gatehouse.is_usable(v);
    end if;
  end if;
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status <> 'active' then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  elsif not v_is_good then
    return jsonb_build_object('outcome', 'failing', 'connection', gatehouse.sealed_connection(v), 'retryAfter',
      ceil(greatest(1, extract(epoch from coalesce(v_paused_until, v.next_refresh_at) - now()))));
  end if;
  if v.last_used_at is null or v.last_used_at < now() - interval '1 minute' or gatehouse.actor_user_id() <> v.user_id then
    perform gatehouse.note_token_read(v);
  end if;
  return jsonb_build_object('outcome', 'fresh', 'connection', gatehouse.sealed_connection(v));
end $$;
--> statement-breakpoint
comment on function gatehouse.read_token(jsonb) is 'A token of the subject''s connection, or the lease to refresh it.';
--> statement-breakpoint
revoke all on function gatehouse.read_token(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.read_token(jsonb) to gatehouse_member;
