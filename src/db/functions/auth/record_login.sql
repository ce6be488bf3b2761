-- One row of a user's sign-in history (requirement 3 §1.2): a sign-in, its failure, a sign-out, a changed credential.
-- p_session carries the request's facts {ipAddress, deviceInfo, location, authMethod} and, where an operation must be
-- known again when it is sent twice, its eventId, which becomes the row's id.
create or replace function gatehouse.record_login(p_user_id text, p_event text, p_failure text, p_session jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.login_history
    (id, user_id, event_type, auth_method, ip_address, device_info, location, success, failure_reason)
  values (coalesce((p_session->>'eventId')::uuid, gen_random_uuid()), p_user_id, p_event, p_session->>'authMethod',
    (p_session->>'ipAddress')::inet, p_session->'deviceInfo', p_session->'location', p_failure is null, p_failure)
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.record_login(text, text, text, jsonb) is 'Adds one row to login_history.';
--> statement-breakpoint
revoke all on function gatehouse.record_login(text, text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.record_login(text, text, text, jsonb) to gatehouse_system;
