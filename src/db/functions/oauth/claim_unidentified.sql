-- Takes connections for one worker whose account is to be asked for: for ten minutes, in which it settles them. Answers
-- them as sealed_connection does.
create or replace function gatehouse.claim_unidentified(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with due as (
    select id from public.oauth_connections where identify_at <= now()
     order by identify_at limit p_limit for update skip locked
  ), claimed as (
    update public.oauth_connections c set identify_at = now() + interval '10 minutes'
      from due where c.id = due.id returning gatehouse.sealed_connection(c) as sealed
  )
  select coalesce(jsonb_agg(sealed), '[]') into v_claimed from claimed;
  return v_claimed;
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_unidentified(integer) is 'Takes a batch of connections whose account is not known yet.';
--> statement-breakpoint
revoke all on function gatehouse.claim_unidentified(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_unidentified(integer) to gatehouse_system;
