-- What has happened already of the call that this transaction runs, by the key it came with: {effect: what it answered}.
-- Empty in a first call, in one whose first try was refused, and without a key. A setting, and so no authority for
-- anything: whoever forged it would skip a change of their own.
create or replace function gatehouse.effects() returns jsonb
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('gatehouse.effects', true), '')::jsonb, '{}') $$;
--> statement-breakpoint
comment on function gatehouse.effects() is 'What has happened already of the call that this transaction runs.';
--> statement-breakpoint
revoke all on function gatehouse.effects() from public;
--> statement-breakpoint
grant execute on function gatehouse.effects() to gatehouse_member, gatehouse_sql;
