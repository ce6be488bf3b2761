-- The gate, first statement of every authenticated call. It reads and never writes: finds the credential, holds it
-- against the requirement, sets actor and subject for this transaction, and drops to a role under which row level
-- security holds. Anything missing raises, and nothing after it runs.
--
-- Security invoker, since a definer may not change the role. p_requirement is written by src/db/gate.ts:
--   credential  'session' or 'token': what the secret's prefix said
--   subject     'self' | 'user' (+ userId) | 'organization' (+ organizationId, role) | 'platform'
--   scope       what an API token must carry; without it tokens are refused
--   freshWithin seconds since the person last proved who they are; sessions only
--   sessionFreshWithin  the same of sessions, while API tokens with the scope go on without
--   timeoutMs   the time limit of each later statement
-- What is not set here stays empty: these settings end with the transaction.
create or replace function gatehouse.enter(p_hash text, p_requirement jsonb) returns void
language plpgsql volatile
as $$
declare
  v_actor jsonb := gatehouse.find_credential(p_hash, p_requirement->>'credential');
  v_kind text := v_actor->>'kind';
  v_user_id text := v_actor->>'userId';
  v_subject text := p_requirement->>'subject';
  v_fresh_within integer := coalesce(p_requirement->>'freshWithin',
    case when v_kind = 'session' then p_requirement->>'sessionFreshWithin' end);
begin
  if v_kind <> 'session' and (p_requirement->>'scope' is null or not v_actor->'scopes' ? (p_requirement->>'scope')) then
    raise exception 'scope.missing' using errcode = 'GH007';
  elsif v_fresh_within is not null and (v_kind <> 'session'
        or (v_actor->>'authenticatedAt')::timestamptz + make_interval(secs => v_fresh_within) < now()) then
    raise exception 'step_up.required' using errcode = 'GH011';
  end if;
  if v_subject = 'self' and v_user_id is null then
    raise exception 'subject.missing' using errcode = 'GH012';
  elsif v_subject = 'self' then
    perform set_config('gatehouse.user_id', v_user_id, true);
  else
    perform gatehouse.enter_subject(v_actor, p_requirement);
  end if;
  if (v_actor->>'touch')::boolean then
    perform set_config('gatehouse.touch', 'due', true);
  end if;
  perform set_config('gatehouse.actor_kind', v_kind, true),
          set_config('gatehouse.actor_id', v_actor->>'id', true),
          set_config('gatehouse.actor_user_id', coalesce(v_user_id, ''), true),
          set_config('statement_timeout', p_requirement->>'timeoutMs', true),
          set_config('role', case v_subject when 'platform' then 'gatehouse_admin' else 'gatehouse_member' end, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.enter(text, jsonb) is 'The gate: authenticates and authorises this transaction, then drops to gatehouse_member or gatehouse_admin.';
--> statement-breakpoint
revoke all on function gatehouse.enter(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter(text, jsonb) to gatehouse_app, gatehouse_service;
