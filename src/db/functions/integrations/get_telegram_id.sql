-- Requirement 1: what the column users.telegram_id was; of several, the primary one. Null when there is none.
create or replace function public.get_telegram_id(user_id text) returns text
language plpgsql stable
as $$
begin
  return (select ui.external_user_id from public.user_integrations ui
    where ui.id = gatehouse.primary_integration(get_telegram_id.user_id, 'telegram'));
end $$;
--> statement-breakpoint
comment on function public.get_telegram_id(text) is 'The Telegram id of a user.';
--> statement-breakpoint
revoke all on function public.get_telegram_id(text) from public;
--> statement-breakpoint
grant execute on function public.get_telegram_id(text) to gatehouse_member, gatehouse_sql;
