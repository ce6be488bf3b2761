-- Whether a value is sealed under one of these keys: the third part of its envelope.
create or replace function gatehouse.sealed_under(p_value text, p_keys text[]) returns boolean
language sql immutable parallel safe
as $$ select coalesce(left(p_value, 12) = 'gatehouse:1:' and split_part(p_value, ':', 3) = any (p_keys), false) $$;
--> statement-breakpoint
comment on function gatehouse.sealed_under(text, text[]) is 'Whether a value is sealed under one of these keys.';
--> statement-breakpoint
revoke all on function gatehouse.sealed_under(text, text[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.sealed_under(text, text[]) to gatehouse_system;
