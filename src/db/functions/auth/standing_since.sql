-- Since when an address is, or was, that of an account: what decides which mail's report outranks which. An address that
-- the account comes back to within seven days has its old place again; not where it was left for one that stood longer,
-- which took the account back from it.
create or replace function gatehouse.standing_since(p_user_id text, p_email text) returns timestamptz
language plpgsql stable
as $$
declare
  v_came timestamptz := (select max(c.created_at) from public.email_changes c
    where c.user_id = p_user_id and c.undone_at is null and lower(c.email) = lower(p_email));
  v_left public.email_changes;
begin
  select * into v_left from public.email_changes c
   where c.user_id = p_user_id and c.undone_at is null and lower(c.previous_email) = lower(p_email)
   order by c.created_at desc, c.id desc limit 1;
  if v_left.id is not null and (v_came is null or v_left.created_at > v_came
      or v_left.created_at > v_came - interval '7 days' and not exists (
        select from public.email_changes c
         where c.user_id = p_user_id and c.undone_at is null and lower(c.previous_email) = lower(v_left.email)
           and c.created_at between v_left.created_at - interval '7 days' and v_left.created_at and c.id <> v_left.id
           and c.previous_since < v_left.previous_since)) then
    return v_left.previous_since;
  end if;
  return coalesce(v_came, (select u.created_at from public.users u where u.id = p_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.standing_since(text, text) is 'Since when an address is that of an account.';
--> statement-breakpoint
revoke all on function gatehouse.standing_since(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.standing_since(text, text) to gatehouse_system;
