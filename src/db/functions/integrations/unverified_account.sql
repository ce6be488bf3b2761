-- What stands for the account of a grant that came without one, until its provider was asked. Of service and external
-- id, so that the Worker can seal for it before the trip (src/domain/integrations/unverified-account.ts). The service
-- is in it: two grants are never taken for one account by guess.
create or replace function gatehouse.unverified_account(p_service_id text, p_external_user_id text) returns text
language sql immutable parallel safe
as $$
select 'unverified:' || encode(
  sha256(convert_to(p_service_id || ':' || coalesce(p_external_user_id, ''), 'UTF8')), 'hex')
$$;
--> statement-breakpoint
comment on function gatehouse.unverified_account(text, text) is 'The placeholder account of a grant that was given without one.';
--> statement-breakpoint
revoke all on function gatehouse.unverified_account(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.unverified_account(text, text) to gatehouse_system;
