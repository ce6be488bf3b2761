-- A mail to the user about the account, with its "this wasn't me". The Worker made the secret and writes the mail; here
-- is its SHA-256, for seven days. Null when there is no verified address to write to. Sent twice it is one alert.
-- p_alert: {id, tokenHash}
create or replace function gatehouse.raise_alert(p_user_id text, p_kind text, p_alert jsonb, p_session_id uuid, p_details jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_email text := (select u.email from public.users u where u.id = p_user_id and u.email_verified_at is not null);
begin
  if v_email is null then
    return null;
  end if;
  insert into public.security_alerts
    (id, user_id, kind, token_hash, session_id, details, email, email_since, expires_at)
  values ((p_alert->>'id')::uuid, p_user_id, p_kind, p_alert->>'tokenHash', p_session_id, p_details, v_email,
    gatehouse.standing_since(p_user_id, v_email), now() + interval '7 days')
  on conflict (id) do nothing;
  return jsonb_build_object('kind', p_kind, 'email', v_email);
end $$;
--> statement-breakpoint
comment on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) is 'Notes a mail about the account that somebody may disown; answers {kind, email}, or null without a verified address.';
--> statement-breakpoint
revoke all on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.raise_alert(text, text, jsonb, uuid, jsonb) to gatehouse_system;
