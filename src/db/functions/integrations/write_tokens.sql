-- Writes the token columns of one integration as a SQL client gave them, as text: where it has a grant in the vault,
-- there; else into a new one whose account nobody knows. With neither token nor secret the integration has no grant any
-- more. Definer: SQL clients write nothing into the vault. p_row: {integration_id, access_token, refresh_token,
-- token_expires_at, refresh_expired, client_id, client_secret, granted_scopes, is_renewed (the refresh token is another
-- one)}.
create or replace function gatehouse.write_tokens(p_row jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
  v_access text := nullif(p_row->>'access_token', '');
  v_refresh text := nullif(p_row->>'refresh_token', '');
begin
  perform gatehouse.check_link(p_row);
  select * into v from public.user_integrations ui where ui.id = (p_row->>'integration_id')::uuid;
  if not coalesce(gatehouse.may_act_for(v.user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  elsif coalesce(v_access, v_refresh, nullif(p_row->>'client_secret', '')) is null then
    update public.user_integrations ui set connection_id = null where ui.id = v.id and ui.connection_id is not null;
    return;
  elsif v.connection_id is null then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(p_row, v,
      (select s.connector_id from public.services s where s.id = v.service_id)) where ui.id = v.id
    returning * into v;
  end if;
  update public.oauth_connections c
     set access_token = coalesce(v_access, ''), refresh_token = v_refresh,
         client_id = nullif(p_row->>'client_id', ''), client_secret = nullif(p_row->>'client_secret', ''),
         expires_at = case when v_access is null then to_timestamp(0)
           else nullif(p_row->>'token_expires_at', '')::timestamptz end,
         scopes = coalesce(gatehouse.scopes_text(p_row->'granted_scopes'), ''),
         status = case
           when not (p_row->>'refresh_expired')::boolean or (p_row->>'is_renewed')::boolean then 'active'
           when (p_row->>'refresh_expired')::boolean and c.status <> 'revoked' then 'expired'
           else c.status end,
         next_refresh_at = null, version = c.version + 1,
         lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.user_id = v.user_id and c.id = v.connection_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.write_tokens(jsonb) is 'Writes the token columns of one integration as a SQL client gave them.';
--> statement-breakpoint
revoke all on function gatehouse.write_tokens(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.write_tokens(jsonb) to gatehouse_sql;
