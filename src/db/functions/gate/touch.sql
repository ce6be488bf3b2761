-- Last statement of every batch of a live credential: notes that it was used, when `enter` found that due. It comes
-- last and skips locked rows: placed first it deadlocked two parallel revocations and serialised parallel calls.
create or replace function gatehouse.touch() returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if current_setting('gatehouse.touch', true) is distinct from 'true' then
    return;
  elsif gatehouse.actor_kind() = 'session' then
    update public.user_sessions set last_active_at = now()
     where id = (select id from public.user_sessions
                  where id = gatehouse.actor_id() and revoked_at is null for update skip locked);
  else
    update public.api_tokens set last_used_at = now()
     where id = (select id from public.api_tokens
                  where id = gatehouse.actor_id() and revoked_at is null for update skip locked);
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.touch() is 'Notes the use of the credential that entered, at most once an hour.';
--> statement-breakpoint
revoke all on function gatehouse.touch() from public;
--> statement-breakpoint
grant execute on function gatehouse.touch() to gatehouse_member, gatehouse_admin;
