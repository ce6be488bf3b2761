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
  if v.id is null then
    return;
  end if;
  v_owner := regexp_match(v.owner, '^(user|organization):(.*)$');
  insert into public.connection_events (connection_id, user_id, organization_id, connector_id, event, evidence)
  values (v.connection_id, case when v_owner[1] = 'user' then v_owner[2] end,
    case when v_owner[1] = 'organization' then v_owner[2]::uuid end, v.connector_id, p_outcome->>'event',
    jsonb_build_object('attempts', v.attempts) || coalesce(p_outcome->'failure', '{}'));
exception
  -- The owner is gone by now, and the trail with it. What was done above is undone with the block, so again:
  when foreign_key_violation then
    delete from public.grant_revocations where id = p_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.settle_revocation(uuid, jsonb) is 'Ends one try to revoke a grant.';
--> statement-breakpoint
revoke all on function gatehouse.settle_revocation(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.settle_revocation(uuid, jsonb) to gatehouse_system;
