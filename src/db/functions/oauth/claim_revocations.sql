-- Takes grants to revoke for one worker, for five minutes. `isShared`: the same account is connected elsewhere by the same
-- client, so a provider that ends a whole grant would end that one too. Answers [{id, owner, connector, …}, …].
create or replace function gatehouse.claim_revocations(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with due as (
    select id from public.grant_revocations where next_try_at <= now()
     order by next_try_at limit p_limit for update skip locked
  ), claimed as (
    update public.grant_revocations r set next_try_at = now() + interval '5 minutes', attempts = r.attempts + 1
      from due where r.id = due.id returning r.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'owner', r.owner, 'connector', r.connector_id, 'accountId', r.account_id,
      'clientId', r.client_id, 'clientSecret', r.client_secret, 'field', r.token_field, 'token', r.token,
      'parameters', r.parameters, 'attempts', r.attempts, 'isShared', exists (
        select from public.oauth_connections c where c.connector_id = r.connector_id and c.account_id = r.account_id
           and c.client_id is not distinct from r.client_id))), '[]') into v_claimed from claimed r;
  return v_claimed;
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_revocations(integer) is 'Takes a batch of grants that are to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.claim_revocations(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_revocations(integer) to gatehouse_system;
