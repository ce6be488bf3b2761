-- Requirement 1: whether an active integration has a token that has not run out. A connection without an access token
-- has the epoch for its end.
create or replace function public.has_valid_token(user_id text, service_id text) returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select from public.user_integrations ui join public.services s on s.id = ui.service_id
      join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.primary_integration(has_valid_token.user_id, has_valid_token.service_id)
       and not gatehouse.is_expired(c.expires_at, s.tokens_expire));
end $$;
--> statement-breakpoint
comment on function public.has_valid_token(text, text) is 'Whether a service has a token that has not run out.';
--> statement-breakpoint
revoke all on function public.has_valid_token(text, text) from public;
--> statement-breakpoint
grant execute on function public.has_valid_token(text, text) to gatehouse_member, gatehouse_sql;
