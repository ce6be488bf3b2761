-- Requirement 1: links an account of a service to a user and answers the integration. Linked again it is the same one;
-- what is not given stays. Errors: see gatehouse.link_integration.
create or replace function public.link_service_to_user(
  user_id text, service_id text, external_user_id text default null, external_username text default null,
  display_label text default null, access_token text default null, refresh_token text default null,
  token_expires_at timestamptz default null, client_id text default null, client_secret text default null,
  granted_scopes jsonb default null, credentials jsonb default null, metadata jsonb default null
) returns uuid
language plpgsql volatile
as $$
begin
  return gatehouse.link_integration(jsonb_build_object(
    'user_id', link_service_to_user.user_id,
    'service_id', link_service_to_user.service_id,
    'external_user_id', link_service_to_user.external_user_id,
    'external_username', link_service_to_user.external_username,
    'display_label', link_service_to_user.display_label,
    'access_token', link_service_to_user.access_token,
    'refresh_token', link_service_to_user.refresh_token,
    'token_expires_at', link_service_to_user.token_expires_at,
    'client_id', link_service_to_user.client_id,
    'client_secret', link_service_to_user.client_secret,
    'granted_scopes', link_service_to_user.granted_scopes,
    'credentials', link_service_to_user.credentials,
    'metadata', link_service_to_user.metadata));
end $$;
--> statement-breakpoint
comment on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) to gatehouse_member, gatehouse_sql;
