-- The provider did not say whose account it is: asks again after so many seconds, for a week from the grant at most; with
-- null never. A newer grant, which has another version, is left alone.
create or replace function gatehouse.postpone_identification(p_id uuid, p_version bigint, p_seconds double precision) returns void
language plpgsql volatile
as $$
begin
  update public.oauth_connections c
     set identify_at = case when c.granted_at > now() - interval '7 days' then now() + make_interval(secs => p_seconds) end
   where c.id = p_id and c.version = p_version and c.identify_at is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.postpone_identification(uuid, bigint, double precision) is 'Says when to ask again whose account it is.';
--> statement-breakpoint
revoke all on function gatehouse.postpone_identification(uuid, bigint, double precision) from public;
--> statement-breakpoint
grant execute on function gatehouse.postpone_identification(uuid, bigint, double precision) to gatehouse_system;
