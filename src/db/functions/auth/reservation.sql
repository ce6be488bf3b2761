-- The change that keeps an address reserved for the account that had it: for seven days nobody else gets it. All null
-- when it is free. A change that was undone, or is final, reserves nothing.
create or replace function gatehouse.reservation(p_email text) returns public.email_changes
language plpgsql stable
as $$
declare
  v public.email_changes;
begin
  select * into v from public.email_changes c
   where lower(c.previous_email) = lower(p_email) and c.undone_at is null and not c.is_final
     and c.created_at > now() - interval '7 days'
   order by c.created_at desc, c.id desc limit 1;
  return v;
end $$;
--> statement-breakpoint
comment on function gatehouse.reservation(text) is 'The change of address that keeps an address reserved.';
--> statement-breakpoint
revoke all on function gatehouse.reservation(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.reservation(text) to gatehouse_system;
