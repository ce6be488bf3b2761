-- Ends a lease whose refresh did not work. p_failed: {id, version, leaseId, result, failure: {class, code, status},
-- retryIn}. With a result the connection ends so; without one only the evidence is kept, and when to try again. That the
-- deployment's client is refused is the deployment's matter and leaves no mark at all; a client that came with the grant is
-- the grant's matter. Answers recorded, or superseded: somebody's newer tokens are there, and the failure says nothing about
-- them.
create or replace function gatehouse.fail_refresh(p_failed jsonb) returns text
language plpgsql volatile
as $$
declare
  v_failure jsonb := p_failed->'failure';
  v public.oauth_connections;
  v_is_new boolean;
begin
  select * into v from public.oauth_connections c where c.id = (p_failed->>'id')::uuid for no key update;
  if not found or v.version <> (p_failed->>'version')::bigint
      or v.lease_id is distinct from (p_failed->>'leaseId')::uuid then
    return 'superseded';
  elsif p_failed->>'result' is not null then
    perform gatehouse.end_connection(v, (p_failed->>'result')::public.oauth_status, v_failure);
    return 'recorded';
  end if;
  update public.oauth_connections
     set lease_id = null, lease_until = null, lease_doubtful = false,
         next_refresh_at = case when status = 'active'
           then now() + make_interval(secs => (p_failed->>'retryIn')::double precision) end
   where id = v.id;
  if v_failure->>'class' <> 'configuration' or gatehouse.has_own_client(v) then
    v_is_new := v.last_failure->>'code' is distinct from v_failure->>'code';
    update public.oauth_connections
       set failure_count = failure_count + 1, failing_since = coalesce(failing_since, now()),
           last_failure = v_failure || jsonb_build_object('at', now())
     where id = v.id returning * into v;
    if v_is_new then
      perform gatehouse.note_connection(v, jsonb_build_object('event', 'refresh_failed', 'evidence',
        v.last_failure || jsonb_build_object('attempt', v.failure_count, 'nextTryAt', v.next_refresh_at)));
    end if;
  end if;
  return 'recorded';
end $$;
--> statement-breakpoint
comment on function gatehouse.fail_refresh(jsonb) is 'Ends a lease whose refresh did not work.';
--> statement-breakpoint
revoke all on function gatehouse.fail_refresh(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.fail_refresh(jsonb) to gatehouse_system;
