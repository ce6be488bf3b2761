-- "This wasn't me": whoever was signed in is out, and what was added since the alert is gone: passkeys, accounts at
-- providers, personal tokens; an address that was changed since is changed back. What was there before stays, so the
-- address that the alert went to is still a way in. Done once; asked again it answers the same.
create or replace function gatehouse.report_not_me(p_token_hash text, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_alert record;
  v_previous text;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash for update;
  if not found or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    return '{"outcome": "secured"}';
  end if;
  perform from public.users u where u.id = v_alert.user_id for no key update;
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = v_alert.user_id and s.revoked_at is null
     order by s.id for update);
  update public.api_tokens set revoked_at = now()
   where user_id = v_alert.user_id and created_at >= v_alert.created_at and revoked_at is null;
  delete from public.passkeys where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  delete from public.oauth_accounts where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  delete from public.known_devices where user_id = v_alert.user_id and created_at >= v_alert.created_at;
  select a.details->>'previousEmail' into v_previous from public.security_alerts a
   where a.user_id = v_alert.user_id and a.kind = 'email_changed' and a.created_at >= v_alert.created_at
   order by a.created_at, a.id limit 1;
  update public.users set email = v_previous, email_verified_at = now()
   where id = v_alert.user_id and v_previous is not null
     and not exists (select from public.users o where lower(o.email) = lower(v_previous) and o.id <> v_alert.user_id);
  update public.security_alerts set used_at = now() where id = v_alert.id;
  perform gatehouse.record_login(v_alert.user_id, 'account_secured', null, p_facts);
  return '{"outcome": "secured"}';
end $$;
--> statement-breakpoint
comment on function gatehouse.report_not_me(text, jsonb) is 'Ends every session of an alerts user and undoes what changed since.';
--> statement-breakpoint
revoke all on function gatehouse.report_not_me(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_not_me(text, jsonb) to gatehouse_system;
