-- Work without a caller (before sign-in, cron, queues). Only the service login is a member of gatehouse_system; a
-- contract test lists the files that may call this.
create or replace function gatehouse.enter_system(p_timeout_ms integer) returns void
language plpgsql volatile
as $$
begin
  perform set_config('statement_timeout', p_timeout_ms::text, true),
          set_config('role', 'gatehouse_system', true);
end $$;
--> statement-breakpoint
comment on function gatehouse.enter_system(integer) is 'Drops to gatehouse_system for this transaction.';
--> statement-breakpoint
revoke all on function gatehouse.enter_system(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter_system(integer) to gatehouse_service;
