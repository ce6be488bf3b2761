-- Stores the state of a redirect to a provider, for ten minutes. Entered as a member it is for linking, and for that
-- member alone; else it is for signing in. p_state: {id, stateHash, connector, browserHash, redirectUrl}
create or replace function gatehouse.begin_social(p_state jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
begin
  if v_user_id is not null then
    perform gatehouse.lock_actor();
  end if;
  insert into public.oauth_states
    (id, state_hash, purpose, connector, user_id, browser_hash, redirect_url, expires_at)
  values ((p_state->>'id')::uuid, p_state->>'stateHash', case when v_user_id is null then 'sign_in' else 'link' end,
    p_state->>'connector', v_user_id, p_state->>'browserHash', p_state->>'redirectUrl', now() + interval '10 minutes')
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_social(jsonb) is 'Stores the state of a redirect to a provider; of a member, to link the account there.';
--> statement-breakpoint
revoke all on function gatehouse.begin_social(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_social(jsonb) to gatehouse_system, gatehouse_member;
