-- Since when an address is, or was, that of an account: what decides which mail's report outranks which. An address that
-- the account comes back to has its old place again.
create or replace function gatehouse.standing_since(p_user_id text, p_email text) returns timestamptz
language plpgsql stable
as $$
begin
  return coalesce(
    (select min(c.previous_since) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.previous_email) = lower(p_email)),
    (select max(c.created_at) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.email) = lower(p_email)),
    (select u.created_at from public.users u where u.id = p_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.standing_since(text, text) is 'Since when an address is that of an account.';
--> statement-breakpoint
revoke all on function gatehouse.standing_since(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.standing_since(text, text) to gatehouse_system;
