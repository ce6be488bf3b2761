drop function gatehouse.values_to_reseal(text[], integer);
--> statement-breakpoint
drop function gatehouse.take_lease(uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.store_connection(jsonb);
--> statement-breakpoint
drop function gatehouse.settle_revocation(uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.sealed_connection(public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.reseal_values(jsonb);
--> statement-breakpoint
drop function gatehouse.release_leases(uuid, uuid[], integer);
--> statement-breakpoint
drop function gatehouse.release_connections(text, uuid);
--> statement-breakpoint
drop function gatehouse.read_token(jsonb);
--> statement-breakpoint
drop function gatehouse.own_connection(jsonb);
--> statement-breakpoint
drop function gatehouse.open_breaker_until(public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.open_breaker(jsonb);
--> statement-breakpoint
drop function gatehouse.note_token_read(public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.note_connection(public.oauth_connections, jsonb);
--> statement-breakpoint
drop function gatehouse.make_primary(uuid);
--> statement-breakpoint
drop function gatehouse.lease_connections(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.key_coverage();
--> statement-breakpoint
drop function gatehouse.fail_refresh(jsonb);
--> statement-breakpoint
drop function gatehouse.end_connection(public.oauth_connections, public.oauth_status, jsonb);
--> statement-breakpoint
drop function gatehouse.drop_connection(public.oauth_connections, uuid);
--> statement-breakpoint
drop function gatehouse.disconnect(uuid, uuid);
--> statement-breakpoint
drop function gatehouse.connection_breaker(uuid);
--> statement-breakpoint
drop function gatehouse.commit_refresh(jsonb);
--> statement-breakpoint
drop function gatehouse.claim_revocations(integer);
--> statement-breakpoint
drop function gatehouse.claim_due(integer);
--> statement-breakpoint
drop function gatehouse.begin_connect(jsonb);
--> statement-breakpoint
-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; history 365 days; a device
-- as long as its cookie.
create or replace function gatehouse.cleanup_batch(p_table text, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_deleted integer;
begin
  case p_table
    when 'user_sessions' then
      delete from public.user_sessions where id in (select id from public.user_sessions
        where expires_at < now() - interval '7 days' order by expires_at limit p_limit for update skip locked);
    when 'magic_links' then
      delete from public.magic_links where id in (select id from public.magic_links
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'login_history' then
      delete from public.login_history where id in (select id from public.login_history
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'api_tokens' then
      delete from public.api_tokens where id in (select id from public.api_tokens
        where expires_at < now() - interval '90 days' order by expires_at limit p_limit for update skip locked);
    when 'outbox' then
      delete from public.outbox where id in (select id from public.outbox
        where dispatched_at < now() - interval '7 days' order by dispatched_at limit p_limit for update skip locked);
    when 'oauth_states' then
      delete from public.oauth_states where id in (select id from public.oauth_states
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'spent_challenges' then
      delete from public.spent_challenges where challenge_hash in (select challenge_hash from public.spent_challenges
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'security_alerts' then
      delete from public.security_alerts where id in (select id from public.security_alerts
        where expires_at < now() - interval '30 days' order by expires_at limit p_limit for update skip locked);
    when 'known_devices' then
      delete from public.known_devices where (user_id, device_hash) in (select user_id, device_hash
        from public.known_devices where last_seen_at < now() - interval '400 days' order by last_seen_at limit p_limit
        for update skip locked);
    else
      raise exception 'gate.misused' using errcode = 'GH014', detail = 'cleanup_batch does not know that table';
  end case;
  get diagnostics v_deleted = row_count;
  return v_deleted;
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_batch(text, integer) is 'Deletes a bounded batch of expired rows of one table.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_batch(text, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_batch(text, integer) to gatehouse_system;
--> statement-breakpoint
-- Spends the state of a redirect that came back: known, for this provider (CVE-2026-73419), in the browser that began it,
-- in time, once. The same operation sent again gets the same answer. p_return: {stateHash, connector, browserHash,
-- operationId}. Answers {outcome: 'taken' | an error code, purpose, userId, redirectUrl}.
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
      'redirectUrl', v_state.redirect_url);
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
--> statement-breakpoint
-- Ends what was added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens. Whoever put them there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3: an account
-- made ready in advance for somebody else's address). Who is signed in proves an address by change_email instead.
create or replace function gatehouse.strip_unproven(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = p_user_id and s.revoked_at is null order by s.id for update);
  update public.api_tokens set revoked_at = now() where user_id = p_user_id and revoked_at is null;
  delete from public.passkeys where user_id = p_user_id;
  delete from public.oauth_accounts where user_id = p_user_id;
  delete from public.known_devices where user_id = p_user_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven(text) is 'Ends what was added to an account before its address was proven.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven(text) to gatehouse_system;
