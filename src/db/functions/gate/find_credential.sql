-- Looks a session or an API token up by the SHA-256 of its secret and refuses a dead one; an organisation's is frozen
-- while whoever made it may not make one. Definer: no login may read the tables. Answers {kind, id, userId, platformRole, organizationId, scopes, authenticatedAt, touch}.
create or replace function gatehouse.find_credential(p_hash text, p_kind text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v record;
begin
  if p_kind = 'session' then
    select s.id, s.user_id, s.revoked_at, s.expires_at, s.last_active_at, s.idle_timeout, s.authenticated_at,
           u.platform_role, u.suspended_at
      into v
      from public.user_sessions s join public.users u on u.id = s.user_id
     where s.session_token_hash = p_hash;
    if not found then
      raise exception 'credential.invalid' using errcode = 'GH001';
    elsif v.revoked_at is not null then
      raise exception 'session.revoked' using errcode = 'GH003', detail = v.id;
    elsif v.expires_at <= now() or v.last_active_at + v.idle_timeout <= now() then
      raise exception 'session.expired' using errcode = 'GH002';
    elsif v.suspended_at is not null then
      raise exception 'user.suspended' using errcode = 'GH006';
    end if;
    -- Written at most once an hour, oftener only where the idle time is short (lucia's throttle).
    return jsonb_build_object('kind', 'session', 'id', v.id, 'userId', v.user_id, 'platformRole', v.platform_role,
      'authenticatedAt', v.authenticated_at,
      'touch', v.last_active_at + least(interval '1 hour', v.idle_timeout / 12) <= now());
  end if;
  select t.id, t.kind, t.user_id, t.organization_id, t.created_by, t.scopes, t.revoked_at, t.expires_at,
         t.last_used_at, u.suspended_at
    into v
    from public.api_tokens t left join public.users u on u.id = t.user_id
   where t.token_hash = p_hash;
  if not found then
    raise exception 'credential.invalid' using errcode = 'GH001';
  elsif v.revoked_at is not null then
    raise exception 'token.revoked' using errcode = 'GH005';
  elsif v.expires_at <= now() then
    raise exception 'token.expired' using errcode = 'GH004';
  elsif v.suspended_at is not null then
    raise exception 'user.suspended' using errcode = 'GH006';
  elsif v.kind = 'organization' and gatehouse.is_frozen(v.organization_id, v.created_by) then
    raise exception 'token.frozen' using errcode = 'GH026';
  end if;
  return jsonb_build_object('kind', v.kind, 'id', v.id, 'userId', v.user_id, 'organizationId', v.organization_id,
    'scopes', v.scopes, 'touch', coalesce(v.last_used_at + interval '1 hour' <= now(), true));
end $$;
--> statement-breakpoint
comment on function gatehouse.find_credential(text, text) is 'A live session or API token by its SHA-256, or a refusal of class GH.';
--> statement-breakpoint
revoke all on function gatehouse.find_credential(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.find_credential(text, text) to gatehouse_app, gatehouse_service;
