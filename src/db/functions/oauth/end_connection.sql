-- A connection that only a person can mend: its status with the evidence, and the event, once for each status. Nothing
-- refreshes it any more.
create or replace function gatehouse.end_connection(p_connection public.oauth_connections, p_status public.oauth_status, p_failure jsonb) returns public.oauth_connections
language plpgsql volatile
as $$
declare
  v_ended public.oauth_connections;
begin
  update public.oauth_connections c
     set status = p_status, last_failure = p_failure || jsonb_build_object('at', now()), next_refresh_at = null,
         failure_count = c.failure_count + 1, failing_since = coalesce(c.failing_since, now()),
         lease_id = null, lease_until = null, lease_doubtful = false
   where c.id = p_connection.id returning * into v_ended;
  perform gatehouse.note_connection(v_ended, jsonb_build_object('event', 'needs_reauthorization',
    'outbox', p_connection.status <> p_status,
    'evidence', v_ended.last_failure || jsonb_build_object('status', p_failure->'status', 'result', p_status,
      'attempt', v_ended.failure_count)));
  return v_ended;
end $$;
--> statement-breakpoint
comment on function gatehouse.end_connection(public.oauth_connections, public.oauth_status, jsonb) is 'Ends a connection until a person connects again, with the evidence.';
--> statement-breakpoint
revoke all on function gatehouse.end_connection(public.oauth_connections, public.oauth_status, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.end_connection(public.oauth_connections, public.oauth_status, jsonb) to gatehouse_system;
