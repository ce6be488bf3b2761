-- The gate, first statement of every authenticated call. It reads and never writes: finds the credential, holds it
-- against the requirement, sets actor and subject for this transaction, and drops to a role under which row level
-- security holds. Anything missing raises, and nothing after it runs.
--
-- Security invoker, since a definer may not change the role. p_requirement is written by src/db/gate.ts:
--   credential  'session' or 'token': what the secret's prefix said
--   subject     'self' | 'user' (+ userId) | 'organization' (+ organizationId, role) | 'platform'
--   scope       what an API token must carry; without it tokens are refused
--   freshWithin seconds since the person last proved who they are; sessions only
--   timeoutMs   the time limit of each later statement
create or replace function gatehouse.enter(p_hash text, p_requirement jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_actor jsonb := gatehouse.find_credential(p_hash, p_requirement->>'credential');
  v_subject jsonb;
begin
  if v_actor->>'kind' = 'session' then
    if (v_actor->>'authenticatedAt')::timestamptz
       + make_interval(secs => (p_requirement->>'freshWithin')::integer) < now() then
      raise exception 'step_up.required' using errcode = 'GH011';
    end if;
  elsif p_requirement->>'freshWithin' is not null then
    raise exception 'step_up.required' using errcode = 'GH011';
  elsif p_requirement->>'scope' is null or not v_actor->'scopes' ? (p_requirement->>'scope') then
    raise exception 'scope.missing' using errcode = 'GH007';
  end if;
  v_subject := gatehouse.resolve_subject(v_actor, p_requirement);
  perform set_config('gatehouse.actor_kind', v_actor->>'kind', true),
          set_config('gatehouse.actor_id', v_actor->>'id', true),
          set_config('gatehouse.actor_user_id', coalesce(v_actor->>'userId', ''), true),
          set_config('gatehouse.user_id', coalesce(v_subject->>'userId', ''), true),
          set_config('gatehouse.organization_id', coalesce(v_subject->>'organizationId', ''), true),
          set_config('gatehouse.touch', v_actor->>'touch', true),
          set_config('statement_timeout', p_requirement->>'timeoutMs', true),
          set_config('role', case p_requirement->>'subject' when 'platform' then 'gatehouse_admin'
                                                            else 'gatehouse_member' end, true);
  return jsonb_build_object('actorKind', v_actor->'kind', 'actorId', v_actor->'id',
    'actorUserId', v_actor->'userId', 'userId', v_subject->'userId', 'organizationId', v_subject->'organizationId');
end $$;
--> statement-breakpoint
comment on function gatehouse.enter(text, jsonb) is 'The gate: authenticates and authorises this transaction, then drops to gatehouse_member or gatehouse_admin.';
--> statement-breakpoint
revoke all on function gatehouse.enter(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter(text, jsonb) to gatehouse_app, gatehouse_service;
