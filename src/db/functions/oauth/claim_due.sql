-- Takes overdue connections for one worker: their due time moves three minutes on, so that nobody else takes them
-- meanwhile, and they come back by themselves when the worker is lost. Of the oldest thousand at least, one of each owner
-- in turn: many of one owner hold up nobody else's. Answers [[id, version], …].
create or replace function gatehouse.claim_due(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with oldest as (
    select id, owner, next_refresh_at from public.oauth_connections where next_refresh_at <= now()
     order by next_refresh_at limit greatest(1000, 10 * p_limit)
  ), turns as (
    -- More than are taken: others may be taking them just now.
    select id, row_number() over (partition by owner order by next_refresh_at) as turn from oldest
     order by 2, next_refresh_at limit 4 * p_limit
  ), due as (
    select c.id from turns t join public.oauth_connections c on c.id = t.id
     where c.next_refresh_at <= now()
     order by t.turn, c.next_refresh_at limit p_limit for update of c skip locked
  ), claimed as (
    update public.oauth_connections c set next_refresh_at = now() + interval '3 minutes'
      from due where c.id = due.id returning c.id, c.version
  )
  select coalesce(jsonb_agg(jsonb_build_array(id, version)), '[]') into v_claimed from claimed;
  return v_claimed;
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_due(integer) is 'Takes a batch of connections that are due.';
--> statement-breakpoint
revoke all on function gatehouse.claim_due(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_due(integer) to gatehouse_system;
