-- Rows with values under other keys than the active one. p_keys: those keys, of the ring; `?` stands for rows whose values
-- are not all under one key. A row under a key that nobody has would come back for ever and is left out, as is what is
-- not sealed at all (values_to_seal). Answers [{table, id, owner, connector, accountId, values: {field: text}}, …].
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(found.entry), '[]') from (
      (select jsonb_build_object('table', 'oauth_connections', 'id', c.id, 'owner', c.owner, 'connector', c.connector_id,
          'accountId', c.account_id, 'values', jsonb_strip_nulls(jsonb_build_object('access_token', c.access_token,
            'refresh_token', c.refresh_token, 'client_secret', c.client_secret))) as entry
        from public.oauth_connections c
       where c.key_id = any (p_keys || '?'::text) and (gatehouse.sealed_under(c.access_token, p_keys)
         or gatehouse.sealed_under(c.refresh_token, p_keys) or gatehouse.sealed_under(c.client_secret, p_keys))
       limit p_limit)
      union all
      (select jsonb_build_object('table', 'user_integrations', 'id', ui.id, 'owner', 'user:' || ui.user_id,
          'connector', ui.service_id, 'accountId', coalesce(ui.external_user_id, ''), 'values', jsonb_strip_nulls(
            jsonb_build_object('credentials', gatehouse.credentials_text(ui.credentials), 'auth_code', ui.auth_code)))
        from public.user_integrations ui
       where ui.key_id = any (p_keys || '?'::text) and (gatehouse.sealed_under(ui.credentials #>> '{}', p_keys)
         or gatehouse.sealed_under(ui.auth_code, p_keys))
       limit p_limit)
      union all
      (select jsonb_build_object('table', 'grant_revocations', 'id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'values', jsonb_strip_nulls(jsonb_build_object(r.token_field, r.token, 'client_secret', r.client_secret)))
        from public.grant_revocations r
       where gatehouse.sealed_under(r.token, p_keys) or gatehouse.sealed_under(r.client_secret, p_keys)
       limit p_limit)
    ) found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
