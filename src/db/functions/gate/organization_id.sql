-- The subject's organisation id; null when the subject is a user or the platform.
create or replace function gatehouse.organization_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('gatehouse.organization_id', true), '')::uuid $$;
--> statement-breakpoint
comment on function gatehouse.organization_id() is 'The organisation this transaction acts on, set by gatehouse.enter; null otherwise.';
--> statement-breakpoint
revoke all on function gatehouse.organization_id() from public;
--> statement-breakpoint
grant execute on function gatehouse.organization_id() to gatehouse_member, gatehouse_admin, gatehouse_system;
