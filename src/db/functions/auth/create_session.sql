-- A new session row (requirement 3 §1.1) and its login_success. An administrator's session has the admin profile,
-- whatever was asked for.
-- p_session: {id, tokenHash, authMethod, profile, deviceType, deviceName, browser, os, ipAddress, city, country,
-- deviceInfo, location, credentialAt}
create or replace function gatehouse.create_session(p_user_id text, p_session jsonb) returns void
language plpgsql volatile
as $$
declare
  v_profile text := case when exists (select from public.users u where u.id = p_user_id and u.platform_role = 'admin')
    then 'admin' else coalesce(p_session->>'profile', 'default') end;
  v_limits record;
begin
  select * into v_limits from gatehouse.session_limits(v_profile);
  insert into public.user_sessions
    (id, user_id, session_token_hash, auth_method, profile, device_type, device_name, browser, os, ip_address,
     location_city, location_country, idle_timeout, expires_at, credential_at)
  values ((p_session->>'id')::uuid, p_user_id, p_session->>'tokenHash', p_session->>'authMethod', v_profile,
    p_session->>'deviceType', p_session->>'deviceName', p_session->>'browser', p_session->>'os',
    (p_session->>'ipAddress')::inet, p_session->>'city', p_session->>'country', v_limits.idle,
    now() + v_limits.absolute, (p_session->>'credentialAt')::timestamptz);
  perform gatehouse.record_login(p_user_id, 'login_success', null, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.create_session(text, jsonb) is 'Inserts a session and its login_success.';
--> statement-breakpoint
revoke all on function gatehouse.create_session(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.create_session(text, jsonb) to gatehouse_system;
