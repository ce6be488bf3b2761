drop function gatehouse.write_tokens(jsonb);
--> statement-breakpoint
drop function public.user_has_service(text, text);
--> statement-breakpoint
drop function gatehouse.update_integration_view();
--> statement-breakpoint
drop function gatehouse.update_integration(jsonb);
--> statement-breakpoint
drop function gatehouse.unverified_account(text, text);
--> statement-breakpoint
drop function public.unlink_whatsapp_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_telegram_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_signal_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_service_from_user(text, text, text);
--> statement-breakpoint
drop function gatehouse.unlink_integrations(jsonb);
--> statement-breakpoint
drop function public.unlink_google_calendar_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_gmail_from_user(text, text);
--> statement-breakpoint
drop function public.unlink_calendar_from_user(text, text);
--> statement-breakpoint
drop function gatehouse.scopes_text(jsonb);
--> statement-breakpoint
drop function gatehouse.primary_integration(text, text);
--> statement-breakpoint
drop function gatehouse.note_integration(public.user_integrations, text, uuid);
--> statement-breakpoint
drop function gatehouse.move_integration(uuid, text);
--> statement-breakpoint
drop function gatehouse.may_act_for(text);
--> statement-breakpoint
drop function gatehouse.linkable_service(text);
--> statement-breakpoint
drop function public.link_whatsapp_to_user(text, text, text, text);
--> statement-breakpoint
drop function public.link_telegram_to_user(text, text, text, text);
--> statement-breakpoint
drop function public.link_signal_to_user(text, text, text);
--> statement-breakpoint
drop function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.link_own_connection(jsonb);
--> statement-breakpoint
drop function gatehouse.link_integration(jsonb);
--> statement-breakpoint
drop function public.link_google_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function public.link_gmail_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function gatehouse.link_connection(public.oauth_connections, text, uuid);
--> statement-breakpoint
drop function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text);
--> statement-breakpoint
drop function gatehouse.keep_tokens(jsonb, public.user_integrations, text);
--> statement-breakpoint
drop function gatehouse.keep_seal();
--> statement-breakpoint
drop function gatehouse.is_sealed(text);
--> statement-breakpoint
drop function gatehouse.is_expired(timestamptz, boolean);
--> statement-breakpoint
drop function gatehouse.integrations_of(uuid[]);
--> statement-breakpoint
drop function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections);
--> statement-breakpoint
drop function gatehouse.incomplete_integrations(text, integer, uuid);
--> statement-breakpoint
drop function public.has_valid_token(text, text);
--> statement-breakpoint
drop function public.get_valid_token(text, text);
--> statement-breakpoint
drop function public.get_user_with_integrations(text);
--> statement-breakpoint
drop function public.get_user_integrations(text);
--> statement-breakpoint
drop function public.get_user_integration_stats(text);
--> statement-breakpoint
drop function public.get_telegram_token(text);
--> statement-breakpoint
drop function public.get_telegram_id(text);
--> statement-breakpoint
drop function public.get_signal_token(text);
--> statement-breakpoint
drop function public.get_gmail_token(text);
--> statement-breakpoint
drop function public.get_calendar_token(text);
--> statement-breakpoint
drop function public.find_incomplete_integrations(text, integer, uuid);
--> statement-breakpoint
drop function gatehouse.drop_unverified_grant();
--> statement-breakpoint
drop function gatehouse.delete_integration_view();
--> statement-breakpoint
drop function public.cleanup_orphaned_integrations(boolean, integer);
--> statement-breakpoint
drop function gatehouse.cleanup_integrations(boolean, integer);
--> statement-breakpoint
drop function public.bulk_unlink_services_from_user(text, jsonb);
--> statement-breakpoint
drop function public.bulk_link_services_to_user(text, jsonb);
--> statement-breakpoint
-- The subjects that are not simply the caller: a user named in the input; an organisation named in the input; the
-- platform, which is nobody. Sets the subject for this transaction, or refuses.
create or replace function gatehouse.enter_subject(p_actor jsonb, p_requirement jsonb) returns void
language plpgsql volatile
as $$
declare
  v_subject text := p_requirement->>'subject';
  v_is_platform boolean := p_actor->>'kind' = 'service' or coalesce(p_actor->>'platformRole', '') = 'admin';
  v_user_id text := p_requirement->>'userId';
  v_organization_id text := p_requirement->>'organizationId';
  v_role text;
begin
  if v_subject = 'user' and v_user_id is not null then
    if v_user_id is distinct from p_actor->>'userId' and not v_is_platform then
      raise exception 'subject.forbidden' using errcode = 'GH013';
    end if;
    perform set_config('gatehouse.user_id', v_user_id, true);
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
    perform set_config('gatehouse.organization_id', v_organization_id, true);
  elsif v_subject = 'platform' then
    if not v_is_platform then
      raise exception 'role.missing' using errcode = 'GH008';
    end if;
  else
    raise exception 'gate.misused' using errcode = 'GH014';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.enter_subject(jsonb, jsonb) is 'Sets whom a call acts on, or refuses with class GH.';
--> statement-breakpoint
revoke all on function gatehouse.enter_subject(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.enter_subject(jsonb, jsonb) to gatehouse_app, gatehouse_service;
