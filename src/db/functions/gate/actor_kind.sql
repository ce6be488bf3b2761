-- What kind of credential acts: session, personal, organization or service. For audit columns, never for a policy.
create or replace function gatehouse.actor_kind() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.actor_kind', true), '') $$;
--> statement-breakpoint
comment on function gatehouse.actor_kind() is 'The kind of the credential that acts; audit only.';
--> statement-breakpoint
revoke all on function gatehouse.actor_kind() from public;
--> statement-breakpoint
grant execute on function gatehouse.actor_kind() to gatehouse_member, gatehouse_admin, gatehouse_system;
