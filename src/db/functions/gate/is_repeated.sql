-- Whether an effect of this call has happened already: it was sent again, and whatever it set may have been set otherwise
-- since. Not whether its key came before: a call that was refused, or that had asked only, has no effect yet.
create or replace function gatehouse.is_repeated(p_effect text) returns boolean
language sql stable parallel safe
as $$ select coalesce(gatehouse.effects() ? p_effect, false) $$;
--> statement-breakpoint
comment on function gatehouse.is_repeated(text) is 'Whether an effect of this call has happened already.';
--> statement-breakpoint
revoke all on function gatehouse.is_repeated(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_repeated(text) to gatehouse_member;
