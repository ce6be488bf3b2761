-- Leases a claimed batch in one trip. p_rows: [[id, version], …]; p_lease: see take_lease. Left out: whoever moved on, is
-- leased, or has a connector that is left alone (those wait for it, spread over a minute). What can not be refreshed any
-- more is ended here. What an answer does not hold any more is given back and due at once; at least one is leased. Answers
-- [{connection, isUnanswered}, …]. In the order of ids, so that two batches cannot deadlock.
create or replace function gatehouse.lease_connections(p_rows jsonb, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v public.oauth_connections;
  v_paused_until timestamptz;
  v_lease jsonb;
  v_size integer;
  v_bytes bigint := 0;
  v_leased jsonb[] := '{}';
begin
  for v_row in select (r->>0)::uuid as id, r->1 as version from jsonb_array_elements(p_rows) r order by 1 loop
    -- The size is checked before the lease is taken: one that is taken and given back looks like one whose answer was lost.
    v_size := coalesce((select octet_length(gatehouse.sealed_connection(c)::text)
      from public.oauth_connections c where c.id = v_row.id), 0);
    if v_bytes + v_size > gatehouse.answer_limit() and cardinality(v_leased) > 0 then
      update public.oauth_connections c set next_refresh_at = now()
       where c.id = v_row.id and to_jsonb(c.version) = v_row.version and c.next_refresh_at > now()
         and (c.lease_until is null or c.lease_until <= now());
      continue;
    end if;
    v_lease := gatehouse.take_lease(v_row.id, p_lease || jsonb_build_object('version', v_row.version));
    continue when v_lease->>'outcome' <> 'leased';
    select * into v from public.oauth_connections c where c.id = v_row.id;
    v_paused_until := gatehouse.open_breaker_until(v);
    if p_lease ? 'refreshable' and not p_lease->'refreshable' ? v.connector_id then
      -- No code here knows it: whoever brought the grant renews it.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = null where id = v.id;
    elsif (v.refresh_token is null or v.refresh_expires_at <= now()) and v.expires_at > now() then
      -- The token in hand is good to its end.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = v.expires_at
       where id = v.id;
    elsif v.refresh_token is null or v.refresh_expires_at <= now() then
      perform gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
        'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
    elsif v_paused_until is not null then
      update public.oauth_connections set lease_id = null, lease_until = null,
        next_refresh_at = v_paused_until + random() * interval '1 minute' where id = v.id;
    else
      v_bytes := v_bytes + v_size;
      v_leased := v_leased || (v_lease - 'outcome');
    end if;
  end loop;
  return to_jsonb(v_leased);
end $$;
--> statement-breakpoint
comment on function gatehouse.lease_connections(jsonb, jsonb) is 'Leases a claimed batch of connections.';
--> statement-breakpoint
revoke all on function gatehouse.lease_connections(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.lease_connections(jsonb, jsonb) to gatehouse_system;
