-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; histories 365 days; a
-- device as long as its cookie; an Idempotency-Key eight days (it is good for one); a row that a job set aside a
-- week after it could be tried again (it is gone, or mended); a breaker a day after it could close.
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
    when 'email_changes' then
      delete from public.email_changes where id in (select id from public.email_changes
        where created_at < now() - interval '30 days' order by created_at limit p_limit for update skip locked);
    when 'connection_events' then
      delete from public.connection_events where id in (select id from public.connection_events
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'idempotency_keys' then
      delete from public.idempotency_keys where key_hash in (select key_hash from public.idempotency_keys
        where created_at < now() - interval '8 days' order by created_at limit p_limit for update skip locked);
    when 'job_failures' then
      delete from public.job_failures where (job, table_name, row_id) in (select job, table_name, row_id
        from public.job_failures where retry_at < now() - interval '7 days' order by retry_at limit p_limit
        for update skip locked);
    when 'connector_breakers' then
      delete from public.connector_breakers where (connector_id, client_id) in (select connector_id, client_id
        from public.connector_breakers where open_until < now() - interval '1 day' order by open_until limit p_limit
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
