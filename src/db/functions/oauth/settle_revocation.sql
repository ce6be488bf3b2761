-- Ends one try to revoke a grant. p_outcome: {event, failure, retryIn}: with retryIn it is tried again then; without, it is
-- over, the token is forgotten, and the trail says how it ended.
create or replace function gatehouse.settle_revocation(p_id uuid, p_outcome jsonb) returns void
language plpgsql volatile
as $$
declare
  v public.grant_revocations;
  v_owner text[];
begin
  if p_outcome->>'retryIn' is not null then
    update public.grant_revocations
       set next_try_at = now() + make_interval(secs => (p_outcome->>'retryIn')::double precision),
           last_failure = (p_outcome->'failure') || jsonb_build_object('at', now())
     where id = p_id;
    return;
  end if;
  delete from public.grant_revocations where id = p_id returning * into v;
  v_owner := regexp_match(v.owner, '^(user|organization):(.*)$');
  -- The owner may be gone by now, and the trail with it.
  insert into public.connection_events (connection_id, user_id, organization_id, connector_id, event, evidence)
  select v.connection_id, u.id, o.id, v.connector_id, p_outcome->>'event',
      nullif(jsonb_build_object('attempts', v.attempts) || coalesce(p_outcome->'failure', '{}'), '{}')
    from (select 1) one
    left join public.users u on v_owner[1] = 'user' and u.id = v_owner[2]
    left join public.organizations o on v_owner[1] = 'organization' and o.id::text = v_owner[2]
   where v.id is not null and num_nonnulls(u.id, o.id) = 1;
end $$;
--> statement-breakpoint
comment on function gatehouse.settle_revocation(uuid, jsonb) is 'Ends one try to revoke a grant.';
--> statement-breakpoint
revoke all on function gatehouse.settle_revocation(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.settle_revocation(uuid, jsonb) to gatehouse_system;
