-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not
-- given stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id,
-- external_user_id, external_username, display_label, access_token, refresh_token, token_expires_at, client_id,
-- client_secret, granted_scopes, credentials, metadata), and of the Worker's, which a SQL client's are not taken for:
-- id, event_id, next_refresh_in (seconds), sealed_for (the connector its tokens are sealed for: the Worker seals before
-- it knows the catalogue), deployment_client (that connector's client here). A person's refresh token comes with its own
-- client: the deployment's secret redeems what the connect flow or a backend brought. It is an event if the link is new,
-- works again or says something else than before. Raises GH013, GH015 to GH018, GH020, GH021, GH027 to GH029.
create or replace function gatehouse.link_integration(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_link->>'user_id';
  v_external_id text := nullif(p_link->>'external_user_id', '');
  v_has_token boolean :=
    coalesce(nullif(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', '')) is not null;
  v_link jsonb :=
    case when gatehouse.uid() is null then p_link - '{id,event_id,next_refresh_in,sealed_for,deployment_client}'::text[] else p_link end;
  v_service public.services;
  v_before public.user_integrations;
  v_worked boolean;
  v public.user_integrations;
begin
  perform gatehouse.begin_linking(p_link);
  v_service := gatehouse.linkable_service(p_link->>'service_id');
  if v_link->>'sealed_for' <> v_service.connector_id then
    raise exception 'The tokens are sealed for another connector than that of %', v_service.name
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  perform gatehouse.check_client(v_link);
  select * into v_before from public.user_integrations ui
   where ui.id = gatehouse.account_link(v_user_id, v_service.id, v_external_id);
  if v_service.type = 'messaging' and v_external_id is null then
    raise exception 'external_user_id is missing: a % account is known by it', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif v_service.type <> 'messaging' and not v_has_token and v_before.connection_id is null then
    raise exception 'access_token is missing: % is linked with a token', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  v_worked := v_before.is_active and (v_before.connection_id is null or exists (select from public.oauth_connections c
    where c.user_id = v_user_id and c.id = v_before.connection_id and c.status = 'active'));
  if v_before.id is null then
    perform gatehouse.check_room(v_user_id);
  end if;
  insert into public.user_integrations as ui
    (id, user_id, service_id, external_user_id, external_username, display_label, credentials, metadata, created_by)
  values (coalesce((v_link->>'id')::uuid, gen_random_uuid()), v_user_id, v_service.id, v_external_id,
    nullif(p_link->>'external_username', ''), nullif(p_link->>'display_label', ''),
    nullif(p_link->'credentials', 'null'), coalesce(nullif(p_link->'metadata', 'null'), '{}'),
    gatehouse.actor_user_id())
  on conflict (user_id, service_id, external_user_id) do update
    set is_active = true, external_username = coalesce(excluded.external_username, ui.external_username),
        display_label = coalesce(excluded.display_label, ui.display_label),
        credentials = coalesce(excluded.credentials, ui.credentials), metadata = ui.metadata || excluded.metadata,
        created_by = coalesce(excluded.created_by, ui.created_by),
        -- judge_claim has said it of the new row; a claim stays one until a backend links it.
        verified_at = coalesce(ui.verified_at, excluded.verified_at)
  returning * into v;
  if p_link->'metadata' <> 'null' then
    perform gatehouse.check_metadata(v.metadata);
  end if;
  if v_has_token then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(v_link, v, v_service.connector_id)
     where ui.id = v.id returning * into v;
  end if;
  if v_worked is not true or (v.connection_id, v.external_username, v.display_label, v.metadata)
      is distinct from (v_before.connection_id, v_before.external_username, v_before.display_label, v_before.metadata) then
    perform gatehouse.check_events(v_user_id);
    perform gatehouse.note_integration(v, 'linked', (v_link->>'event_id')::uuid);
  elsif v_has_token or nullif(p_link->'credentials', 'null') is not null then
    -- No event for others, but for its trail: the secrets are those of whoever linked it last.
    perform gatehouse.note_link(v, 'linked');
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_integration(jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function gatehouse.link_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_integration(jsonb) to gatehouse_member, gatehouse_sql;
