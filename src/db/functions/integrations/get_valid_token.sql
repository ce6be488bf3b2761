-- Requirement 1: the token of a service with its expiry, as stored; of several accounts the primary one's. Null without
-- an active integration. Times in UTC. A sealed value comes with "sealed": true; to use it, ask the API
-- (GET /v1/users/{id}/services/{service}/token).
create or replace function public.get_valid_token(user_id text, service_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
begin
  return (
    select jsonb_build_object('token', nullif(c.access_token, ''), 'refresh_token', c.refresh_token,
        'is_expired', coalesce(c.access_token, '') = '' or gatehouse.is_expired(c.expires_at, s.tokens_expire),
        'expires_at', nullif(c.expires_at, to_timestamp(0)),
        'refresh_expired', coalesce(c.status in ('expired', 'revoked'), false),
        'client_id', c.client_id, 'client_secret', c.client_secret,
        'granted_scopes', case when c.scopes <> '' then to_jsonb(string_to_array(c.scopes, ' ')) end)
      || case when gatehouse.is_sealed(c.access_token) or gatehouse.is_sealed(c.refresh_token)
        or gatehouse.is_sealed(c.client_secret) then '{"sealed": true}'::jsonb else '{}' end
      from public.user_integrations ui join public.services s on s.id = ui.service_id
      left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.primary_integration(get_valid_token.user_id, get_valid_token.service_id));
end $$;
--> statement-breakpoint
comment on function public.get_valid_token(text, text) is 'The token of a service with its expiry.';
--> statement-breakpoint
revoke all on function public.get_valid_token(text, text) from public;
--> statement-breakpoint
grant execute on function public.get_valid_token(text, text) to gatehouse_sql;
