-- The id of the session or API token that acts. For audit columns and "this one", never for a policy.
create or replace function gatehouse.actor_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_id', true), '')::uuid $$;
--> statement-breakpoint
comment on function gatehouse.actor_id() is 'The id of the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
