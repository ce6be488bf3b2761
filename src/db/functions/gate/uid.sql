-- The subject's user id; null when the subject is an organisation or the platform. What policies compare with.
create or replace function gatehouse.uid() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.user_id', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.uid() is 'The user this transaction acts on, set by gatehouse.enter; null otherwise.';
--> statement-breakpoint
revoke all on function gatehouse.uid() from public;
--> statement-breakpoint
grant execute on function gatehouse.uid() to gatehouse_member, gatehouse_admin, gatehouse_system;
