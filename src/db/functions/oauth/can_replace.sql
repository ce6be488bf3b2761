-- Whether a connection serves for another one of the same account without loss: active, made for the same client (none:
-- the deployment's), renewed or lasting as long, and allowing all that it allows and its services need.
create or replace function gatehouse.can_replace(
  p_kept public.oauth_connections, p_dropped public.oauth_connections, p_deployment_client text
) returns boolean
language plpgsql stable
as $$
begin
  return p_kept.status = 'active'
    and coalesce(p_kept.client_id, p_deployment_client) is not distinct from coalesce(p_dropped.client_id, p_deployment_client)
    and (p_kept.refresh_token is not null or p_dropped.refresh_token is null)
    and (p_kept.next_refresh_at is not null
      or coalesce(p_kept.expires_at, 'infinity') >= coalesce(p_dropped.expires_at, 'infinity'))
    and not exists (
      (select regexp_split_to_table(p_dropped.scopes, ' +') as scope
       union
       select jsonb_array_elements_text(s.scopes) from public.services s join public.user_integrations ui on ui.service_id = s.id
        where ui.user_id = p_dropped.user_id and ui.connection_id = p_dropped.id)
      except select regexp_split_to_table(p_kept.scopes, ' +') except select '');
end $$;
--> statement-breakpoint
comment on function gatehouse.can_replace(public.oauth_connections, public.oauth_connections, text) is 'Whether a connection serves for another without loss.';
--> statement-breakpoint
revoke all on function gatehouse.can_replace(public.oauth_connections, public.oauth_connections, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.can_replace(public.oauth_connections, public.oauth_connections, text) to gatehouse_system;
