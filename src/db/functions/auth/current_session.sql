-- Who is calling: what a frontend asks on every page. A function, since Neon over HTTP plans every statement anew and a
-- function keeps its plan: the join under row level security costs 140 µs to plan, and a few to run.
create or replace function gatehouse.current_session() returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('userId', u.id, 'email', u.email, 'displayName', u.display_name,
             'avatarUrl', u.avatar_url, 'sessionId', s.id, 'expiresAt', s.expires_at)
      from public.users u
      left join public.user_sessions s on s.user_id = u.id and s.id = (select gatehouse.actor_id())
     where u.id = (select gatehouse.uid())
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.current_session() is 'The subject and the session that entered, behind the wall.';
--> statement-breakpoint
revoke all on function gatehouse.current_session() from public;
--> statement-breakpoint
grant execute on function gatehouse.current_session() to gatehouse_member;
