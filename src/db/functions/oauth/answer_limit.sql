-- How many bytes of values one answer of a job may hold. The database's HTTP endpoint answers 10 MiB at most, and text in
-- the clear can become twice as long on its way.
create or replace function gatehouse.answer_limit() returns integer
language sql immutable parallel safe
as $$ select 4 * 1024 * 1024 $$;
--> statement-breakpoint
comment on function gatehouse.answer_limit() is 'How many bytes of values one answer of a job may hold.';
--> statement-breakpoint
revoke all on function gatehouse.answer_limit() from public;
--> statement-breakpoint
grant execute on function gatehouse.answer_limit() to gatehouse_system;
