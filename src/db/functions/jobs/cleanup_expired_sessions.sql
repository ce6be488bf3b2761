-- Requirement 3 §5.2, same name and graces. Rate-limit buckets erase themselves (Durable Objects).
create or replace function public.cleanup_expired_sessions() returns void
language plpgsql volatile
as $$
begin
  while gatehouse.cleanup_batch('user_sessions', 1000) > 0 loop null; end loop;
  while gatehouse.cleanup_batch('magic_links', 1000) > 0 loop null; end loop;
end $$;
--> statement-breakpoint
comment on function public.cleanup_expired_sessions() is 'Deletes every expired session and magic link past its grace.';
--> statement-breakpoint
revoke all on function public.cleanup_expired_sessions() from public;
--> statement-breakpoint
grant execute on function public.cleanup_expired_sessions() to gatehouse_system;
