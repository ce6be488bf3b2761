-- Gives leases back that were not used, to be tried again after some seconds, spread over a minute. Answers how many.
create or replace function gatehouse.release_leases(p_lease_id uuid, p_ids uuid[], p_seconds integer) returns integer
language plpgsql volatile
as $$
declare
  v_released integer;
begin
  update public.oauth_connections
     set lease_id = null, lease_until = null,
         next_refresh_at = now() + make_interval(secs => p_seconds) + random() * interval '1 minute'
   where id = any (p_ids) and lease_id = p_lease_id;
  get diagnostics v_released = row_count;
  return v_released;
end $$;
--> statement-breakpoint
comment on function gatehouse.release_leases(uuid, uuid[], integer) is 'Gives leases back that were not used.';
--> statement-breakpoint
revoke all on function gatehouse.release_leases(uuid, uuid[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.release_leases(uuid, uuid[], integer) to gatehouse_system;
