-- Spends the state of a redirect that came back: known, for this provider (CVE-2026-73419), in the browser that began it,
-- in time, once. The same operation sent again gets the same answer. p_return: {stateHash, connector, browserHash,
-- operationId}. Answers {outcome: 'taken' | an error code, purpose, userId, organizationId, request, redirectUrl}.
create or replace function gatehouse.take_oauth_state(p_return jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_state record;
  v_outcome text;
begin
  select * into v_state from public.oauth_states
   where state_hash = p_return->>'stateHash' and connector = p_return->>'connector' for update;
  v_outcome := case
    when not found then 'oauth_state.invalid'
    when v_state.browser_hash is distinct from p_return->>'browserHash' then 'oauth_state.other_browser'
    when v_state.operation_id = (p_return->>'operationId')::uuid then 'taken'
    when v_state.used_at is not null then 'oauth_state.used'
    when v_state.expires_at <= now() then 'oauth_state.expired'
    else 'taken' end;
  if v_outcome = 'taken' then
    update public.oauth_states set used_at = now(), operation_id = (p_return->>'operationId')::uuid
     where id = v_state.id and used_at is null;
    return jsonb_build_object('outcome', 'taken', 'purpose', v_state.purpose, 'userId', v_state.user_id,
      'organizationId', v_state.organization_id, 'request', v_state.request, 'redirectUrl', v_state.redirect_url);
  end if;
  return jsonb_build_object('outcome', v_outcome, 'purpose', case when v_outcome <> 'oauth_state.other_browser'
    then v_state.purpose end);
end $$;
--> statement-breakpoint
comment on function gatehouse.take_oauth_state(jsonb) is 'Spends the state of a redirect that came back, once, in its own browser.';
--> statement-breakpoint
revoke all on function gatehouse.take_oauth_state(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.take_oauth_state(jsonb) to gatehouse_system;
