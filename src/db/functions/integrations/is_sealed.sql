-- Whether a text is a sealed value (src/lib/sealing.ts), by its prefix.
create or replace function gatehouse.is_sealed(p_value text) returns boolean
language sql immutable parallel safe
as $$ select coalesce(left(p_value, 12) = 'gatehouse:1:', false) $$;
--> statement-breakpoint
comment on function gatehouse.is_sealed(text) is 'Whether a text is a sealed value.';
--> statement-breakpoint
revoke all on function gatehouse.is_sealed(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_sealed(text) to gatehouse_member, gatehouse_sql, gatehouse_system;
