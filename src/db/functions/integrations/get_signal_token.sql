-- Requirement 1: get_valid_token of signal.
create or replace function public.get_signal_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_signal_token.user_id, 'signal');
end $$;
--> statement-breakpoint
comment on function public.get_signal_token(text) is 'get_valid_token of signal.';
--> statement-breakpoint
revoke all on function public.get_signal_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_signal_token(text) to gatehouse_sql;
