-- The answer of a sign-in, read from what is stored: so the same (proof, session) pair sent again, because the first
-- answer was lost, gets the same success. Null when there is no such live session.
create or replace function gatehouse.session_answer(p_session jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('outcome', 'signed_in', 'userId', s.user_id, 'expiresAt', s.expires_at, 'alert', (
             select jsonb_build_object('kind', a.kind, 'email', u.email)
               from public.security_alerts a join public.users u on u.id = a.user_id
              where a.user_id = s.user_id and a.session_id = s.id and a.id = (p_session->'alert'->>'id')::uuid))
      from public.user_sessions s
     where s.id = (p_session->>'id')::uuid and s.session_token_hash = p_session->>'tokenHash' and s.revoked_at is null
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.session_answer(jsonb) is 'What a sign-in answers once its session is there; null while it is not.';
--> statement-breakpoint
revoke all on function gatehouse.session_answer(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.session_answer(jsonb) to gatehouse_system;
