-- Rows of one table with values in the clear, by id after p_after: what cannot be sealed holds up nothing. Beside the values
-- what it takes to say when a connection is due. Answers [{table, id, owner, connector, accountId, values: {field: text},
-- version, status, hasRefreshToken, secondsLeft}, …].
create or replace function gatehouse.values_to_seal(p_table text, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable
as $$
begin
  if p_table = 'oauth_connections' then
    return (select coalesce(jsonb_agg(found.entry), '[]') from (
      select jsonb_build_object('table', p_table, 'id', c.id, 'owner', c.owner, 'connector', c.connector_id,
          'accountId', c.account_id, 'version', c.version, 'status', c.status, 'hasRefreshToken', c.refresh_token is not null,
          'secondsLeft', extract(epoch from c.expires_at - now()), 'values', jsonb_strip_nulls(jsonb_build_object(
            'access_token', c.access_token, 'refresh_token', c.refresh_token, 'client_secret', c.client_secret))) as entry
        from public.oauth_connections c
       where c.id > p_after and ((access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
         or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:')
       order by c.id limit p_limit) found);
  elsif p_table = 'user_integrations' then
    return (select coalesce(jsonb_agg(found.entry), '[]') from (
      select jsonb_build_object('table', p_table, 'id', ui.id, 'owner', 'user:' || ui.user_id, 'connector', ui.service_id,
          'accountId', coalesce(ui.external_user_id, ''), 'values', jsonb_strip_nulls(jsonb_build_object(
            'credentials', gatehouse.credentials_text(ui.credentials), 'auth_code', ui.auth_code))) as entry
        from public.user_integrations ui
       where ui.id > p_after and (left(credentials #>> '{}', 12) <> 'gatehouse:1:' or left(auth_code, 12) <> 'gatehouse:1:')
       order by ui.id limit p_limit) found);
  end if;
  return (select coalesce(jsonb_agg(found.entry), '[]') from (
    select jsonb_build_object('table', p_table, 'id', r.id, 'owner', r.owner, 'connector', r.connector_id,
        'accountId', r.account_id, 'values', jsonb_strip_nulls(jsonb_build_object(r.token_field, r.token,
          'client_secret', r.client_secret))) as entry
      from public.grant_revocations r
     where r.id > p_after and (left(r.token, 12) <> 'gatehouse:1:' or left(r.client_secret, 12) <> 'gatehouse:1:')
     order by r.id limit p_limit) found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_seal(text, uuid, integer) is 'Rows of a table with values in the clear.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_seal(text, uuid, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_seal(text, uuid, integer) to gatehouse_system;
