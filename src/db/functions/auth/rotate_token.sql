-- Replaces a live token, once: the new one has its name, scopes and lifetime; the old one ends after the overlap, so that
-- every place that uses it can be changed first. Told to a person as create_token does. Definer, as create_token.
-- p_token: {id, tokenHash, prefix, overlapSeconds}. Answers {outcome: 'created' | an error code, name, scopes, expiresAt}.
create or replace function gatehouse.rotate_token(p_token_id uuid, p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_old public.api_tokens;
  v_is_repeated boolean := exists (select from public.api_tokens t
    where t.id = (p_token->>'id')::uuid and t.token_hash = p_token->>'tokenHash');
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
  v_created jsonb;
begin
  perform gatehouse.lock_actor();
  v_old := gatehouse.own_token(p_token_id);
  if v_old.id is null or not v_is_repeated
      and (v_old.revoked_at is not null or v_old.expires_at <= now() or v_old.rotated_at is not null) then
    return '{"outcome": "token.not_found"}';
  end if;
  v_created := gatehouse.insert_token(p_token || jsonb_build_object('name', v_old.name, 'scopes', v_old.scopes,
    'seconds', least(extract(epoch from v_old.expires_at - v_old.created_at), 365 * 86400)));
  if v_created->>'outcome' = 'created' and not v_is_repeated then
    update public.api_tokens set rotated_at = now(),
           expires_at = least(expires_at, now() + make_interval(secs => (p_token->>'overlapSeconds')::integer))
     where id = v_old.id;
  end if;
  if v_created->>'outcome' = 'created' and v_person is not null then
    perform gatehouse.record_login(v_person, 'token_rotated', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_person,
      gatehouse.token_alert('rotated'), p_facts->'alert', null, '{}'));
  end if;
  return v_created || jsonb_build_object('name', v_old.name, 'scopes', v_old.scopes);
end $$;
--> statement-breakpoint
comment on function gatehouse.rotate_token(uuid, jsonb, jsonb) is 'Replaces an API token; the old one lives on for an overlap.';
--> statement-breakpoint
revoke all on function gatehouse.rotate_token(uuid, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.rotate_token(uuid, jsonb, jsonb) to gatehouse_member, gatehouse_admin;
