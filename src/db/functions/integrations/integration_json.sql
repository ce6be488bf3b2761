-- One integration as get_user_with_integrations shows it: keys without a value are left out, as in requirement 1.
create or replace function gatehouse.integration_json(
  p_integration public.user_integrations, p_service public.services, p_connection public.oauth_connections
) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'id', p_integration.id, 'service_id', p_service.id, 'service_name', p_service.name, 'service_type', p_service.type,
    'provider', p_service.provider, 'is_active', p_integration.is_active, 'display_label', p_integration.display_label,
    'access_token', nullif(p_connection.access_token, ''), 'refresh_token', p_connection.refresh_token,
    'token_expiration_date', nullif(p_connection.expires_at, to_timestamp(0)),
    'refresh_expired', p_connection.status in ('expired', 'revoked'), 'client_id', p_connection.client_id,
    'granted_scopes', case when p_connection.scopes <> '' then to_jsonb(string_to_array(p_connection.scopes, ' ')) end,
    'external_user_id', p_integration.external_user_id,
    'sealed', case when gatehouse.is_sealed(p_connection.access_token)
      or gatehouse.is_sealed(p_connection.refresh_token) then true end));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) is 'One integration as get_user_with_integrations shows it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) to gatehouse_sql;
