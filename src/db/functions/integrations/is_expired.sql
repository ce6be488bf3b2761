-- Whether a token has run out. Without a recorded end it has, unless the service gives tokens without one.
create or replace function gatehouse.is_expired(p_expires_at timestamptz, p_tokens_expire boolean) returns boolean
language sql stable parallel safe
as $$
select case when p_expires_at is null then p_tokens_expire else p_expires_at <= now() end $$;
--> statement-breakpoint
comment on function gatehouse.is_expired(timestamptz, boolean) is 'Whether a token has run out.';
--> statement-breakpoint
revoke all on function gatehouse.is_expired(timestamptz, boolean) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_expired(timestamptz, boolean) to gatehouse_member, gatehouse_sql, gatehouse_system;
