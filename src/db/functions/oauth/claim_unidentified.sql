-- Takes connections for one worker whose account is to be asked for: for ten minutes, in which it settles them. Of the
-- oldest thousand at least, one of each owner in turn, and of who has many later: nobody waits for these. No more than an
-- answer holds, and at least one. Answers them as sealed_connection does.
create or replace function gatehouse.claim_unidentified(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v_bytes bigint := 0;
  v_ids uuid[] := '{}';
  v_claimed jsonb[] := '{}';
begin
  for v_row in
      with oldest as (
        select id, owner, identify_at from public.oauth_connections where identify_at <= now()
         order by identify_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by identify_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, identify_at limit 4 * p_limit
      )
      select c.id, gatehouse.sealed_connection(c) as sealed from turns t join public.oauth_connections c on c.id = t.id
       where c.identify_at <= now()
       order by t.turn, c.identify_at limit p_limit for update of c skip locked loop
    v_bytes := v_bytes + octet_length(v_row.sealed::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.sealed;
  end loop;
  update public.oauth_connections c set identify_at = now() + interval '10 minutes' where c.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_unidentified(integer) is 'Takes a batch of connections whose account is not known yet.';
--> statement-breakpoint
revoke all on function gatehouse.claim_unidentified(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_unidentified(integer) to gatehouse_system;
