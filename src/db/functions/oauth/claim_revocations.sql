-- Takes grants to revoke for one worker, for five minutes: of the oldest thousand at least, one of each owner in turn, and
-- of who has many later; no more than an answer holds, and at least one. `isShared`: the same account is connected elsewhere by the same client, so a
-- provider that ends a whole grant would end that one too. Answers [{id, owner, connector, …}, …].
create or replace function gatehouse.claim_revocations(p_limit integer) returns jsonb
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
        select id, owner, next_try_at from public.grant_revocations where next_try_at <= now()
         order by next_try_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by next_try_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, next_try_at limit 4 * p_limit
      )
      select r.id, jsonb_build_object('id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'clientId', r.client_id, 'clientSecret', r.client_secret, 'field', r.token_field,
          'token', r.token, 'parameters', r.parameters, 'attempts', r.attempts + 1, 'isShared', exists (
            select from public.oauth_connections c where c.connector_id = r.connector_id and c.account_id = r.account_id
               and c.client_id is not distinct from r.client_id)) as entry
        from turns t join public.grant_revocations r on r.id = t.id
       where r.next_try_at <= now()
       order by t.turn, r.next_try_at limit p_limit for update of r skip locked loop
    v_bytes := v_bytes + octet_length(v_row.entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.entry;
  end loop;
  update public.grant_revocations r set next_try_at = now() + interval '5 minutes', attempts = r.attempts + 1
   where r.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_revocations(integer) is 'Takes a batch of grants that are to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.claim_revocations(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_revocations(integer) to gatehouse_system;
