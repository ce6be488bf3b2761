-- The user behind the credential; null for organisation and service tokens. For audit columns, never for a policy.
create or replace function gatehouse.actor_user_id() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_user_id', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.actor_user_id() is 'The user behind the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_user_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_user_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
