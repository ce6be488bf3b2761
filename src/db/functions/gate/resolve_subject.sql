-- Whom the call acts on, or a refusal: self; a user named in the input; an organisation named in the input; the
-- platform. Answers {userId, organizationId}, both null for the platform.
create or replace function gatehouse.resolve_subject(p_actor jsonb, p_requirement jsonb) returns jsonb
language plpgsql stable
as $$
declare
  v_subject text := p_requirement->>'subject';
  v_is_platform boolean := p_actor->>'kind' = 'service' or coalesce(p_actor->>'platformRole', '') = 'admin';
  v_user_id text := p_requirement->>'userId';
  v_organization_id text := p_requirement->>'organizationId';
  v_role text;
begin
  if v_subject = 'self' or (v_subject = 'user' and v_user_id = p_actor->>'userId') then
    if p_actor->>'userId' is null then
      raise exception 'subject.missing' using errcode = 'GH012';
    end if;
    return jsonb_build_object('userId', p_actor->>'userId');
  elsif v_subject = 'user' then
    if not v_is_platform or v_user_id is null then
      raise exception 'subject.forbidden' using errcode = 'GH013';
    end if;
    return jsonb_build_object('userId', v_user_id);
  elsif v_subject = 'organization' and v_organization_id is not null then
    if p_actor->>'kind' <> 'service' and coalesce(p_actor->>'organizationId', '') <> v_organization_id then
      v_role := gatehouse.membership_role(v_organization_id::uuid, p_actor->>'userId');
      if v_role is null then
        raise exception 'organization.not_found' using errcode = 'GH009';
      elsif array_position(array['member', 'admin', 'owner'], v_role)
            < array_position(array['member', 'admin', 'owner'], coalesce(p_requirement->>'role', 'member')) then
        raise exception 'organization.role_missing' using errcode = 'GH010';
      end if;
    end if;
    return jsonb_build_object('organizationId', v_organization_id);
  elsif v_subject = 'platform' then
    if not v_is_platform then
      raise exception 'role.missing' using errcode = 'GH008';
    end if;
    return '{}'::jsonb;
  end if;
  raise exception 'gate.misused' using errcode = 'GH014';
end $$;
--> statement-breakpoint
comment on function gatehouse.resolve_subject(jsonb, jsonb) is 'Whom a call acts on, or a refusal of class GH.';
--> statement-breakpoint
revoke all on function gatehouse.resolve_subject(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.resolve_subject(jsonb, jsonb) to gatehouse_app, gatehouse_service;
