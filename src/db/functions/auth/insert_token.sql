-- A new token of this transaction's subject, at most fifty live ones, and 200 made in a day (a
-- service token is the deployment's own). Sent again with one id it is the same one; with
-- another secret or other input it is a conflict.
-- p_token: {id, tokenHash, prefix, name, scopes, seconds}. Answers {outcome: 'created' | an error code, expiresAt}.
create or replace function gatehouse.insert_token(p_token jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_kind text := gatehouse.token_owner_kind();
  v_id uuid := p_token->>'id';
  v_live bigint;
  v_made bigint;
begin
  perform gatehouse.lock_actor();
  perform from public.organizations o where o.id = gatehouse.organization_id() for no key update;
  v_live := case v_kind
    when 'personal' then (select count(*) from public.api_tokens t
      where t.user_id = gatehouse.uid() and t.revoked_at is null and t.expires_at > now())
    when 'organization' then (select count(*) from public.api_tokens t
      where t.organization_id = gatehouse.organization_id() and t.revoked_at is null and t.expires_at > now())
    else (select count(*) from public.api_tokens t
      where t.kind = 'service' and t.revoked_at is null and t.expires_at > now()) end;
  if v_live >= 50 and not exists (select from public.api_tokens t where t.id = v_id) then
    return '{"outcome": "token.limit_reached"}';
  end if;
  v_made := case v_kind
    when 'personal' then (select count(*) from public.api_tokens t
      where t.user_id = gatehouse.uid() and t.created_at > now() - interval '1 day')
    when 'organization' then (select count(*) from public.api_tokens t
      where t.organization_id = gatehouse.organization_id() and t.created_at > now() - interval '1 day')
    else 0 end;
  if v_made >= 200 and not exists (select from public.api_tokens t where t.id = v_id) then
    return '{"outcome": "token.limit_reached", "message": "200 API tokens were made within a day. Make the next one later."}';
  end if;
  insert into public.api_tokens
    (id, kind, user_id, organization_id, created_by, name, token_hash, token_prefix, scopes, expires_at)
  values (v_id, v_kind, gatehouse.uid(), gatehouse.organization_id(), gatehouse.actor_user_id(), p_token->>'name',
    p_token->>'tokenHash', p_token->>'prefix', p_token->'scopes',
    now() + make_interval(secs => (p_token->>'seconds')::double precision))
  on conflict (id) do nothing;
  return coalesce((
    select jsonb_build_object('outcome', 'created', 'expiresAt', t.expires_at) from public.api_tokens t
     where t.id = v_id and t.token_hash = p_token->>'tokenHash' and t.name = p_token->>'name'
       and t.scopes = p_token->'scopes' and t.kind = v_kind and t.user_id is not distinct from gatehouse.uid()
  ), '{"outcome": "idempotency_key.reused"}');
end $$;
--> statement-breakpoint
comment on function gatehouse.insert_token(jsonb) is 'Inserts an API token for the subject; at most fifty live ones.';
--> statement-breakpoint
revoke all on function gatehouse.insert_token(jsonb) from public;
