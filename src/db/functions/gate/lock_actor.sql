-- What comes first in every function that adds a way in, or makes a secret of ours: locks the row of the user who
-- acts, and of the one acted on, by id; then judges the acting credential again. The gate judged it before that lock was
-- had, and a report ("this wasn't me") that held it may have ended the credential since: each statement here reads anew.
-- Without an actor (SQL clients) it does nothing. Raises GH003, GH005.
create or replace function gatehouse.lock_actor() returns void
language plpgsql volatile
as $$
declare
  v_actor_id uuid := gatehouse.actor_id();
begin
  perform from public.users u where u.id in (gatehouse.actor_user_id(), gatehouse.uid()) order by u.id for no key update;
  if gatehouse.actor_kind() = 'session' and not exists (
      select from public.user_sessions s where s.id = v_actor_id and s.revoked_at is null) then
    raise exception 'session.revoked' using errcode = 'GH003', detail = v_actor_id;
  elsif gatehouse.actor_kind() <> 'session' and not exists (
      select from public.api_tokens t where t.id = v_actor_id and t.revoked_at is null) then
    raise exception 'token.revoked' using errcode = 'GH005';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.lock_actor() is 'Locks who acts and who is acted on, and judges the acting credential again.';
--> statement-breakpoint
revoke all on function gatehouse.lock_actor() from public;
