-- Stores the tokens of a refresh: by id, version and lease, so that of two answers only the holder's counts. p_commit: {id,
-- version, leaseId, connection (as leased), tokens: {accessToken, refreshToken, clientSecret, tokenType, expiresIn,
-- refreshExpiresIn, scopes, nextRefreshIn}}; what is null stays, lifetimes aside. Answers committed; superseded (another set
-- came first); gone: disconnected meanwhile, so the new token is to be revoked as well.
create or replace function gatehouse.commit_refresh(p_commit jsonb) returns text
language plpgsql volatile
as $$
declare
  v_tokens jsonb := p_commit->'tokens';
  v_leased jsonb := p_commit->'connection';
  v_before public.oauth_connections;
  v public.oauth_connections;
begin
  select * into v_before from public.oauth_connections c where c.id = (p_commit->>'id')::uuid for no key update;
  if not found then
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
    values ((p_commit->>'leaseId')::uuid, (p_commit->>'id')::uuid, v_leased->>'owner', v_leased->>'connector',
      v_leased->>'accountId', v_leased->>'clientId', v_leased->>'clientSecret',
      case when v_tokens->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(v_tokens->>'refreshToken', v_tokens->>'accessToken'), coalesce(v_leased->'parameters', '{}'))
    on conflict (id) do nothing;
    return 'gone';
  elsif v_before.version <> (p_commit->>'version')::bigint
      or v_before.lease_id is distinct from (p_commit->>'leaseId')::uuid then
    return case when v_before.access_token = v_tokens->>'accessToken' then 'committed' else 'superseded' end;
  end if;
  update public.oauth_connections c
     set access_token = v_tokens->>'accessToken', refresh_token = coalesce(v_tokens->>'refreshToken', c.refresh_token),
         client_secret = coalesce(v_tokens->>'clientSecret', c.client_secret), token_type = v_tokens->>'tokenType',
         expires_at = now() + make_interval(secs => (v_tokens->>'expiresIn')::double precision),
         refresh_expires_at = coalesce(now() + make_interval(secs => (v_tokens->>'refreshExpiresIn')::double precision),
           c.refresh_expires_at),
         next_refresh_at = now() + make_interval(secs => (v_tokens->>'nextRefreshIn')::double precision),
         scopes = coalesce(v_tokens->>'scopes', c.scopes), last_refresh_at = now(), status = 'active',
         -- Whose account it is can be asked with the new token.
         identify_at = case when c.identify_at is not null then now() end,
         version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.id = v_before.id returning * into v;
  delete from public.connector_breakers where connector_id = v.connector_id and client_id = gatehouse.breaker_key(v);
  if v_before.failing_since is not null then
    perform gatehouse.note_connection(v, jsonb_build_object('id', p_commit->>'leaseId', 'event', 'recovered',
      'outbox', v_before.status <> 'active', 'evidence',
      jsonb_build_object('failingSince', v_before.failing_since, 'attempts', v_before.failure_count)));
  end if;
  return 'committed';
end $$;
--> statement-breakpoint
comment on function gatehouse.commit_refresh(jsonb) is 'Stores the tokens of a refresh, once a version.';
--> statement-breakpoint
revoke all on function gatehouse.commit_refresh(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.commit_refresh(jsonb) to gatehouse_system;
