-- The person behind the session that entered has proven anew who they are. The secret changes with it (ASVS 7.2.4): what
-- was known before the proof is worth nothing after it. The caller has locked and judged the actor. p_session: {tokenHash},
-- credentialAt where a passkey proved it, and the facts of record_login
create or replace function gatehouse.refresh_session(p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_expires_at timestamptz;
begin
  update public.user_sessions set authenticated_at = now(), session_token_hash = p_session->>'tokenHash',
         credential_at = coalesce((p_session->>'credentialAt')::timestamptz, credential_at)
   where id = gatehouse.actor_id() and user_id = gatehouse.uid() and revoked_at is null
  returning expires_at into v_expires_at;
  perform gatehouse.record_login(gatehouse.uid(), 'login_success', null, p_session);
  return jsonb_build_object('outcome', 'stepped_up', 'expiresAt', v_expires_at);
end $$;
--> statement-breakpoint
comment on function gatehouse.refresh_session(jsonb) is 'The session that entered has proven anew who it is: new secret, new time.';
--> statement-breakpoint
revoke all on function gatehouse.refresh_session(jsonb) from public;
