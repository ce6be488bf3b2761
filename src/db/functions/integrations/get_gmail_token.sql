-- Requirement 1: get_valid_token of gmail.
create or replace function public.get_gmail_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_gmail_token.user_id, 'gmail');
end $$;
--> statement-breakpoint
comment on function public.get_gmail_token(text) is 'get_valid_token of gmail.';
--> statement-breakpoint
revoke all on function public.get_gmail_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_gmail_token(text) to gatehouse_sql;
