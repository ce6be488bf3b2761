-- What a token of a linked service comes with, in one transaction with gatehouse.read_token: {hasGrant, canRefresh,
-- tokensExpire, expiresAt, clientId, scopes}. Null without an active integration. Definer: members read no client.
create or replace function gatehouse.service_grant(p_service_id text, p_external_user_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('hasGrant', c.id is not null, 'canRefresh', c.refresh_token is not null,
        'tokensExpire', s.tokens_expire, 'expiresAt', nullif(c.expires_at, to_timestamp(0)), 'clientId', c.client_id,
        'scopes', nullif(c.scopes, ''))
      from public.user_integrations ui join public.services s on s.id = ui.service_id
      left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.own_integration(p_service_id, p_external_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.service_grant(text, text) is 'What a token of a linked service comes with.';
--> statement-breakpoint
revoke all on function gatehouse.service_grant(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.service_grant(text, text) to gatehouse_member;
