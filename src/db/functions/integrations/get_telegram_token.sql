-- Requirement 1: get_valid_token of telegram.
create or replace function public.get_telegram_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_telegram_token.user_id, 'telegram');
end $$;
--> statement-breakpoint
comment on function public.get_telegram_token(text) is 'get_valid_token of telegram.';
--> statement-breakpoint
revoke all on function public.get_telegram_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_telegram_token(text) to gatehouse_sql;
