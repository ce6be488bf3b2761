-- Writes the time of use to the credential that entered, unless somebody holds its row just now. Definer, since nobody
-- else writes these columns; apart from touch(), which asks first, since entering a definer costs on every call.
create or replace function gatehouse.note_use() returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if gatehouse.actor_kind() = 'session' then
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
comment on function gatehouse.note_use() is 'Notes the use of the credential that entered.';
--> statement-breakpoint
revoke all on function gatehouse.note_use() from public;
--> statement-breakpoint
grant execute on function gatehouse.note_use() to gatehouse_member, gatehouse_admin;
