-- function: auth/insert_token
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
  perform from public.users u where u.id = gatehouse.uid() for no key update;
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
--> statement-breakpoint
-- function: integrations/check_client
-- Refuses a refresh token that a person brings for this deployment's client: its secret would redeem a token that leaked
-- elsewhere. Such grants come from the connect flow, a service token or a SQL client. p_link: what link_integration takes.
-- Raises GH018.
create or replace function gatehouse.check_client(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_client text := nullif(p_link->>'client_id', '');
begin
  if nullif(p_link->>'refresh_token', '') is null or gatehouse.uid() is null or gatehouse.actor_kind() = 'service' then
    return;
  elsif v_client is null or nullif(p_link->>'client_secret', '') is null or v_client = p_link->>'deployment_client' then
    raise exception 'refresh_token: send the client_id and client_secret of your own that it was made for, or connect the account in a browser'
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_client(jsonb) is 'Refuses a refresh token that a person brings for the client of this deployment.';
--> statement-breakpoint
revoke all on function gatehouse.check_client(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_events
-- Refuses one more change of a link by a call of the API where the user had 5,000 events within a day: linking and unlinking
-- the same things in turn would fill the outbox. Nobody else's calls, and no other change, end here. Raises GH024.
create or replace function gatehouse.check_events(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if gatehouse.uid() is not null and not gatehouse.take_room('event', p_user_id) then
    raise exception '5,000 links were changed within a day. Change the next ones later'
      using errcode = 'GH024', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_events(text) is 'Refuses one more change of a link where the user had too many in a day.';
--> statement-breakpoint
revoke all on function gatehouse.check_events(text) from public;
--> statement-breakpoint
-- function: integrations/check_link
-- Refuses what no link can hold, and names the key: a text that is none or is too long, metadata that is no object, a
-- time that is none, credentials of more than 64 KiB (sealed, or as text). p_link: what link_integration takes, or a part
-- of it. Raises GH018, GH025.
create or replace function gatehouse.check_link(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_key text;
  v_limit integer;
begin
  for v_key, v_limit in select * from (values
      ('user_id', 255), ('service_id', 255), ('external_user_id', 255), ('external_username', 255),
      ('display_label', 255), ('client_id', 255), ('client_secret', 8192), ('access_token', 65536),
      ('refresh_token', 65536), ('token_expires_at', 255)) limits loop
    if jsonb_typeof(p_link->v_key) in ('object', 'array', 'boolean') then
      raise exception '%: a text', v_key using errcode = 'GH018', detail = 'integration.incomplete';
    elsif length(p_link->>v_key) > v_limit then
      raise exception '%: at most % characters', v_key, v_limit
        using errcode = 'GH018', detail = 'integration.incomplete';
    end if;
  end loop;
  if jsonb_typeof(p_link->'metadata') not in ('object', 'null') then
    raise exception 'metadata: an object' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  if octet_length(p_link->>'credentials') > 65536 then
    raise exception 'credentials: at most 64 KiB, sealed' using errcode = 'GH025', detail = 'integration.too_large';
  end if;
  begin
    perform nullif(p_link->>'token_expires_at', '')::timestamptz;
  exception when data_exception then
    raise exception 'token_expires_at: not a time' using errcode = 'GH018', detail = 'integration.incomplete';
  end;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_link(jsonb) is 'Refuses what no link can hold, and names the key.';
--> statement-breakpoint
revoke all on function gatehouse.check_link(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_metadata
-- Refuses metadata of a link that came to more than 16 KiB, with what was there. Raises GH025.
create or replace function gatehouse.check_metadata(p_metadata jsonb) returns void
language plpgsql immutable
as $$
begin
  if octet_length(p_metadata::text) > 16384 then
    raise exception 'metadata: at most 16 KiB, with what is there' using errcode = 'GH025', detail = 'integration.too_large';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_metadata(jsonb) is 'Refuses metadata of a link above 16 KiB.';
--> statement-breakpoint
revoke all on function gatehouse.check_metadata(jsonb) from public;
--> statement-breakpoint
-- function: integrations/check_room
-- Refuses a new link of a user who has a thousand already. Raises GH024.
create or replace function gatehouse.check_room(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if not gatehouse.take_room('integration', p_user_id) then
    raise exception 'There are 1,000 linked accounts already, those that are not active too. Link one of them again'
      using errcode = 'GH024', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_room(text) is 'Refuses a new link of a user who has a thousand already.';
--> statement-breakpoint
revoke all on function gatehouse.check_room(text) from public;
--> statement-breakpoint
-- function: integrations/event_room
-- How many more changes of a user's links may be events today: 5,000 in a day. Whoever asks has locked the user.
create or replace function gatehouse.event_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 5000 - count(*) from (
    select from public.outbox o where o.user_id = p_user_id and o.created_at > now() - interval '1 day' limit 5000) events);
end $$;
--> statement-breakpoint
comment on function gatehouse.event_room(text) is 'How many more changes of a user''s links may be events today.';
--> statement-breakpoint
revoke all on function gatehouse.event_room(text) from public;
--> statement-breakpoint
-- function: integrations/keep_tokens
-- Puts tokens that a link brought into the vault, under an account that stands for the unknown one, and answers the
-- connection. Without an access token the recorded end is the epoch: expired. The tokens are text as given. Tokens that come
-- again and again are one event an hour of the trail. Raises GH021, GH023.
create or replace function gatehouse.keep_tokens(
  p_link jsonb, p_integration public.user_integrations, p_connector_id text
) returns uuid
language plpgsql volatile
as $$
declare
  v_account text := gatehouse.unverified_account(p_integration.service_id, p_integration.external_user_id);
  v_access text := nullif(p_link->>'access_token', '');
  v_refresh text := nullif(p_link->>'refresh_token', '');
  v_is_sealed boolean := gatehouse.is_sealed(coalesce(v_access, v_refresh));
  v_expires_at timestamptz := case when v_access is null then to_timestamp(0)
    else nullif(p_link->>'token_expires_at', '')::timestamptz end;
  v_before public.oauth_connections;
  v public.oauth_connections;
  v_last public.connection_events;
begin
  select * into v_before from public.oauth_connections c
   where c.owner = 'user:' || p_integration.user_id and c.connector_id = p_connector_id and c.account_id = v_account;
  if not v_is_sealed and p_integration.connection_id is not null then
    -- What a SQL client brings is sealed later, for the row it is in.
    v_account := coalesce((select c.account_id from public.oauth_connections c
      where c.id = p_integration.connection_id and c.account_id like 'unverified:%'), v_account);
  elsif exists (select from public.user_integrations ui where ui.user_id = p_integration.user_id
      and ui.connection_id = v_before.id and ui.id <> p_integration.id) then
    -- The external id of that other one has changed since.
    if v_is_sealed then
      raise exception 'Another account of this service holds that grant'
        using errcode = 'GH021', detail = 'integration.conflict';
    end if;
    v_account := 'unverified:' || gen_random_uuid();
  end if;
  if not exists (select from public.oauth_connections c where c.owner = 'user:' || p_integration.user_id
      and c.connector_id = p_connector_id and c.account_id = v_account)
      and not gatehouse.take_room('connection', 'user:' || p_integration.user_id) then
    raise exception 'connection.limit_reached' using errcode = 'GH023', detail = 'connection.limit_reached';
  end if;
  insert into public.oauth_connections as c
    (user_id, connector_id, account_id, client_id, client_secret, access_token, refresh_token, expires_at,
     next_refresh_at, identify_at, scopes, created_by)
  values (p_integration.user_id, p_connector_id, v_account, nullif(p_link->>'client_id', ''),
    nullif(p_link->>'client_secret', ''), coalesce(v_access, ''), v_refresh, v_expires_at,
    now() + make_interval(secs => (p_link->>'next_refresh_in')::double precision), now(),
    coalesce(gatehouse.scopes_text(p_link->'granted_scopes'), ''), gatehouse.actor_user_id())
  on conflict (owner, connector_id, account_id) do update
    set access_token = coalesce(v_access, c.access_token),
        expires_at = case when v_access is null then c.expires_at else excluded.expires_at end,
        refresh_token = coalesce(excluded.refresh_token, case
          when excluded.client_id is null or excluded.client_id = c.client_id then c.refresh_token end),
        client_id = coalesce(excluded.client_id, c.client_id),
        client_secret = coalesce(excluded.client_secret, c.client_secret),
        scopes = coalesce(gatehouse.scopes_text(p_link->'granted_scopes'), c.scopes),
        next_refresh_at = excluded.next_refresh_at, identify_at = now(), status = 'active', granted_at = now(),
        version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
  select * into v_last from public.connection_events e where e.connection_id = v.id
   order by e.created_at desc, e.id desc limit 1;
  if v_last.id is null or v_last.event not in ('connected', 'reconnected')
      or v_last.created_at < now() - interval '1 hour' then
    perform gatehouse.note_connection(v, jsonb_build_object('id', p_link->'event_id',
      'event', case when v.version = 1 then 'connected' else 'reconnected' end,
      'evidence', jsonb_build_object('service', p_integration.service_id)));
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) is 'Puts the tokens of a link into the vault.';
--> statement-breakpoint
revoke all on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) from public;
--> statement-breakpoint
-- function: integrations/link_connection
-- Links a service to an account that is in the vault: Gmail and Calendar of one Google account share its grant. An
-- integration that is known by that account, or by its address, is the same one, and no event if nothing changes.
-- Raises GH016 to GH018, GH024.
create or replace function gatehouse.link_connection(
  p_connection public.oauth_connections, p_service_id text, p_event_id uuid
) returns uuid
language plpgsql volatile
as $$
declare
  v_service public.services := gatehouse.linkable_service(p_service_id);
  v_email text := p_connection.connector_metadata->p_connection.connector_id->>'email';
  v public.user_integrations;
  v_before public.user_integrations;
begin
  if v_service.connector_id <> p_connection.connector_id then
    raise exception 'That account is not one of %', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  select * into v from public.user_integrations ui
   where ui.user_id = p_connection.user_id and ui.service_id = v_service.id
     and (ui.connection_id = p_connection.id or ui.external_user_id in (p_connection.account_id, v_email))
   order by ui.connection_id = p_connection.id desc nulls last, ui.created_at, ui.id limit 1;
  v_before := v;
  if v.id is null then
    perform gatehouse.check_room(p_connection.user_id);
    insert into public.user_integrations as ui
      (user_id, service_id, connection_id, external_user_id, external_username, created_by)
    values (p_connection.user_id, v_service.id, p_connection.id, p_connection.account_id, v_email,
      gatehouse.actor_user_id())
    returning * into v;
  else
    update public.user_integrations ui
       set connection_id = p_connection.id, is_active = true,
           external_username = coalesce(v_email, ui.external_username)
     where ui.id = v.id returning * into v;
  end if;
  if v_before.is_active is not true or (v.connection_id, v.external_username)
      is distinct from (v_before.connection_id, v_before.external_username) then
    perform gatehouse.note_integration(v, 'linked', p_event_id);
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_connection(public.oauth_connections, text, uuid) is 'Links a service to a connection of the vault.';
--> statement-breakpoint
revoke all on function gatehouse.link_connection(public.oauth_connections, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/link_integration
-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not
-- given stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id,
-- external_user_id, external_username, display_label, access_token, refresh_token, token_expires_at, client_id,
-- client_secret, granted_scopes, credentials, metadata), and of the Worker's, which a SQL client's are not taken for:
-- id, event_id, next_refresh_in (seconds), sealed_for (the connector its tokens are sealed for: the Worker seals before
-- it knows the catalogue), deployment_client (that connector's client here). A person's refresh token comes with its own
-- client: the deployment's secret redeems what the connect flow or a backend brought. It is an event if the link is new,
-- works again or says something else than before. Raises GH013, GH015 to GH018, GH020, GH021, GH023 to GH025.
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
  -- Two statements, each with the whole index: one with `or` would look at every account of the user, for each item of
  -- a long list.
  if v_external_id is null then
    select * into v_before from public.user_integrations ui
     where ui.user_id = v_user_id and ui.service_id = v_service.id and ui.external_user_id is null;
  else
    select * into v_before from public.user_integrations ui
     where ui.user_id = v_user_id and ui.service_id = v_service.id and ui.external_user_id = v_external_id;
  end if;
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
        created_by = coalesce(excluded.created_by, ui.created_by)
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
  end if;
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_integration(jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function gatehouse.link_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_integration(jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_own_connection
-- Links a service to a connection of the subject. Definer: members write no links. p_link: {connection_id, service_id,
-- display_label, event_id}. Raises GH016 to GH018, GH022, GH024.
create or replace function gatehouse.link_own_connection(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(jsonb_build_object('connectionId', p_link->>'connection_id'));
  v_id uuid;
begin
  if p_link->>'connection_id' is null or v.id is null or v.user_id is null then
    raise exception 'connection.not_found' using errcode = 'GH022', detail = 'connection.not_found';
  end if;
  perform from public.users u where u.id = v.user_id for no key update;
  v_id := gatehouse.link_connection(v, p_link->>'service_id', (p_link->>'event_id')::uuid);
  update public.user_integrations ui
     set display_label = coalesce(nullif(p_link->>'display_label', ''), ui.display_label)
   where ui.id = v_id;
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_own_connection(jsonb) is 'Links a service to a connection of the subject.';
--> statement-breakpoint
revoke all on function gatehouse.link_own_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_own_connection(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: integrations/link_room
-- How many more links a user may have: a thousand in all, those that are not active too. Whoever asks has locked the user.
create or replace function gatehouse.link_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 1000 - count(*) from (
    select from public.user_integrations ui where ui.user_id = p_user_id limit 1000) links);
end $$;
--> statement-breakpoint
comment on function gatehouse.link_room(text) is 'How many more links a user may have.';
--> statement-breakpoint
revoke all on function gatehouse.link_room(text) from public;
--> statement-breakpoint
-- function: integrations/take_room
-- Takes one of the places that an owner has left for connections, integrations or events (p_kind: connection, integration,
-- event), and says whether there was one.
-- The owner is locked, so what is counted once holds for the whole transaction: a list of a thousand links counts once and
-- not for each.
create or replace function gatehouse.take_room(p_kind text, p_owner text) returns boolean
language plpgsql volatile
as $$
declare
  v_setting text := 'gatehouse.room_for_' || p_kind;
  -- {owner: how many more}, in this transaction.
  v_known jsonb := coalesce(nullif(current_setting(v_setting, true), '')::jsonb, '{}');
  v_left integer := coalesce((v_known->>p_owner)::integer, case p_kind
    when 'connection' then gatehouse.connection_room(p_owner) when 'event' then gatehouse.event_room(p_owner)
    else gatehouse.link_room(p_owner) end);
begin
  perform set_config(v_setting, jsonb_build_object(p_owner, greatest(0, v_left - 1))::text, true);
  return v_left > 0;
end $$;
--> statement-breakpoint
comment on function gatehouse.take_room(text, text) is 'Takes one of the places that an owner has left.';
--> statement-breakpoint
revoke all on function gatehouse.take_room(text, text) from public;
--> statement-breakpoint
-- function: integrations/unlink_integrations
-- Disconnects accounts of a service softly: all of them, or the one of that external id (an empty one is refused: a
-- variable that was never filled does not mean all). Their tokens stay in the vault, for linking again. Definer:
-- members write no links. p_unlink: {user_id, service_id, external_user_id}, and of the Worker's: event_id. Answers how
-- many were active. Raises GH013, GH015, GH016, GH018, GH024.
create or replace function gatehouse.unlink_integrations(p_unlink jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_unlink->>'user_id';
  v_external_id text := p_unlink->>'external_user_id';
  v_event_id uuid := case when gatehouse.uid() is not null then (p_unlink->>'event_id')::uuid end;
  v public.user_integrations;
  v_unlinked integer := 0;
begin
  perform gatehouse.begin_linking(p_unlink);
  if v_external_id = '' then
    raise exception 'external_user_id is empty: leave it out to unlink every account of the service'
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not exists (select from public.services s where s.id = p_unlink->>'service_id') then
    raise exception 'There is no service "%"', p_unlink->>'service_id'
      using errcode = 'GH016', detail = 'service.not_found';
  end if;
  for v in update public.user_integrations ui set is_active = false
     where ui.user_id = v_user_id and ui.service_id = p_unlink->>'service_id' and ui.is_active
       and (v_external_id is null or ui.external_user_id = v_external_id)
    returning * loop
    v_unlinked := v_unlinked + 1;
    perform gatehouse.check_events(v_user_id);
    perform gatehouse.note_integration(v, 'unlinked', case when v_unlinked = 1 then v_event_id end);
  end loop;
  return v_unlinked;
end $$;
--> statement-breakpoint
comment on function gatehouse.unlink_integrations(jsonb) is 'Disconnects accounts of a service softly.';
--> statement-breakpoint
revoke all on function gatehouse.unlink_integrations(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.unlink_integrations(jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/update_integration
-- Changes what a user says of a link: label, username, metadata, active, primary. What is not among the keys stays;
-- given metadata replaces all but the primary flag. Definer: members write no links. p_change: {user_id, id, event_id,
-- display_label, external_username, metadata, is_active, is_primary}. Answers done, or integration.not_found. Raises
-- GH013, GH016 to GH018, GH024, GH025.
create or replace function gatehouse.update_integration(p_change jsonb) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  perform gatehouse.check_link(p_change);
  if not coalesce(gatehouse.may_act_for(p_change->>'user_id'), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  -- One at a time for a user: two calls that each name a primary one leave one.
  perform from public.users u where u.id = p_change->>'user_id' for no key update;
  select * into v from public.user_integrations ui
   where ui.user_id = p_change->>'user_id' and ui.id = (p_change->>'id')::uuid for no key update;
  if v.id is null then
    return 'integration.not_found';
  elsif (p_change->>'is_active')::boolean and not v.is_active then
    perform gatehouse.linkable_service(v.service_id);
  end if;
  if (p_change->>'is_primary')::boolean then
    update public.user_integrations ui set metadata = ui.metadata - 'primary'
     where ui.user_id = v.user_id and ui.service_id = v.service_id and ui.id <> v.id and ui.metadata ? 'primary';
  end if;
  update public.user_integrations ui
     set display_label = case when p_change ? 'display_label' then p_change->>'display_label' else ui.display_label end,
         external_username = case when p_change ? 'external_username' then p_change->>'external_username'
           else ui.external_username end,
         is_active = coalesce((p_change->>'is_active')::boolean, ui.is_active),
         metadata = (coalesce(nullif(p_change->'metadata', 'null'), ui.metadata) - 'primary')
           || case when coalesce((p_change->>'is_primary')::boolean, ui.metadata->'primary' = 'true', false)
              then '{"primary": true}'::jsonb else '{}' end
   where ui.id = v.id;
  if p_change->'metadata' <> 'null' then
    perform gatehouse.check_metadata(p_change->'metadata');
  end if;
  if (p_change->>'is_active')::boolean is distinct from v.is_active and p_change->>'is_active' is not null then
    perform gatehouse.check_events(v.user_id);
    perform gatehouse.note_integration(v, case when v.is_active then 'unlinked' else 'linked' end,
      (p_change->>'event_id')::uuid);
  end if;
  return 'done';
end $$;
--> statement-breakpoint
comment on function gatehouse.update_integration(jsonb) is 'Changes a link.';
--> statement-breakpoint
revoke all on function gatehouse.update_integration(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.update_integration(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: jobs/cleanup_batch
-- Deletes at most p_limit rows of one table that are past their grace, oldest first, and says how many. Bounded, and
-- skipping locked rows, so two runs at once only share the work. Graces: requirement 3 §5.2; histories 365 days; a
-- device as long as its cookie; a row that a job set aside a week after it could be tried again (it is gone, or mended);
-- a breaker a day after it could close.
create or replace function gatehouse.cleanup_batch(p_table text, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_deleted integer;
begin
  case p_table
    when 'user_sessions' then
      delete from public.user_sessions where id in (select id from public.user_sessions
        where expires_at < now() - interval '7 days' order by expires_at limit p_limit for update skip locked);
    when 'magic_links' then
      delete from public.magic_links where id in (select id from public.magic_links
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'login_history' then
      delete from public.login_history where id in (select id from public.login_history
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'api_tokens' then
      delete from public.api_tokens where id in (select id from public.api_tokens
        where expires_at < now() - interval '90 days' order by expires_at limit p_limit for update skip locked);
    when 'outbox' then
      delete from public.outbox where id in (select id from public.outbox
        where dispatched_at < now() - interval '7 days' order by dispatched_at limit p_limit for update skip locked);
    when 'oauth_states' then
      delete from public.oauth_states where id in (select id from public.oauth_states
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'spent_challenges' then
      delete from public.spent_challenges where challenge_hash in (select challenge_hash from public.spent_challenges
        where expires_at < now() - interval '1 day' order by expires_at limit p_limit for update skip locked);
    when 'security_alerts' then
      delete from public.security_alerts where id in (select id from public.security_alerts
        where expires_at < now() - interval '30 days' order by expires_at limit p_limit for update skip locked);
    when 'known_devices' then
      delete from public.known_devices where (user_id, device_hash) in (select user_id, device_hash
        from public.known_devices where last_seen_at < now() - interval '400 days' order by last_seen_at limit p_limit
        for update skip locked);
    when 'connection_events' then
      delete from public.connection_events where id in (select id from public.connection_events
        where created_at < now() - interval '365 days' order by created_at limit p_limit for update skip locked);
    when 'job_failures' then
      delete from public.job_failures where (job, table_name, row_id) in (select job, table_name, row_id
        from public.job_failures where retry_at < now() - interval '7 days' order by retry_at limit p_limit
        for update skip locked);
    when 'connector_breakers' then
      delete from public.connector_breakers where (connector_id, client_id) in (select connector_id, client_id
        from public.connector_breakers where open_until < now() - interval '1 day' order by open_until limit p_limit
        for update skip locked);
    else
      raise exception 'gate.misused' using errcode = 'GH014', detail = 'cleanup_batch does not know that table';
  end case;
  get diagnostics v_deleted = row_count;
  return v_deleted;
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_batch(text, integer) is 'Deletes a bounded batch of expired rows of one table.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_batch(text, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_batch(text, integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/answer_limit
-- How many bytes of values one answer of a job may hold. The database's HTTP endpoint answers 10 MiB at most, and text in
-- the clear can become twice as long on its way.
create or replace function gatehouse.answer_limit() returns integer
language sql immutable parallel safe
as $$ select 4 * 1024 * 1024 $$;
--> statement-breakpoint
comment on function gatehouse.answer_limit() is 'How many bytes of values one answer of a job may hold.';
--> statement-breakpoint
revoke all on function gatehouse.answer_limit() from public;
--> statement-breakpoint
grant execute on function gatehouse.answer_limit() to gatehouse_system;
--> statement-breakpoint
-- function: oauth/bound_revocations
-- Of one owner at most 400 grants wait to be revoked: whoever disconnects without end gives up the earliest, and the trail
-- says so.
create or replace function gatehouse.bound_revocations(p_owner text) returns void
language plpgsql volatile
as $$
declare
  v_owner text[] := regexp_match(p_owner, '^(user|organization):(.*)$');
begin
  with given_up as (
    delete from public.grant_revocations g where g.id in (
      select r.id from public.grant_revocations r where r.owner = p_owner order by r.created_at desc, r.id offset 400)
    returning g.*
  )
  insert into public.connection_events (connection_id, user_id, organization_id, connector_id, event, evidence)
  select g.connection_id, case when v_owner[1] = 'user' then v_owner[2] end,
      case when v_owner[1] = 'organization' then v_owner[2]::uuid end, g.connector_id, 'revocation_given_up',
      jsonb_build_object('attempts', g.attempts)
    from given_up g;
end $$;
--> statement-breakpoint
comment on function gatehouse.bound_revocations(text) is 'Gives up the earliest revocations of an owner above 400.';
--> statement-breakpoint
revoke all on function gatehouse.bound_revocations(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.bound_revocations(text) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/breaker_key
-- Whose client a grant is refreshed with: what a breaker is kept under (connector_breakers.client_id). Only here is it made.
-- Of the deployment's client: its id, '' where the grant names none. A grant that brought id and secret of a client has a
-- key of its owner's, so a wrong secret stops nobody else. Where a connector has parameters (a shop's domain) each stands for
-- a server of its own, and is part of the key.
create or replace function gatehouse.breaker_key(p_connection public.oauth_connections) returns text
language plpgsql stable
as $$
declare
  v_key text := coalesce(p_connection.client_id, '');
begin
  if gatehouse.has_own_client(p_connection) then
    v_key := 'own:' || encode(sha256(convert_to(
      jsonb_build_array(p_connection.owner, p_connection.client_id)::text, 'UTF8')), 'hex');
  end if;
  if p_connection.parameters = '{}' then
    return v_key;
  end if;
  return 'at:' || encode(sha256(convert_to(jsonb_build_array(v_key, p_connection.parameters)::text, 'UTF8')), 'hex');
end $$;
--> statement-breakpoint
comment on function gatehouse.breaker_key(public.oauth_connections) is 'Whose client a grant is refreshed with: the key of its breaker.';
--> statement-breakpoint
revoke all on function gatehouse.breaker_key(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.breaker_key(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_due
-- Takes overdue connections for one worker: their due time moves three minutes on, so that nobody else takes them
-- meanwhile, and they come back by themselves when the worker is lost. Of the oldest thousand at least, one of each owner
-- in turn: many of one owner hold up nobody else's. Answers [[id, version], …].
create or replace function gatehouse.claim_due(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with oldest as (
    select id, owner, next_refresh_at from public.oauth_connections where next_refresh_at <= now()
     order by next_refresh_at limit greatest(1000, 10 * p_limit)
  ), turns as (
    -- More than are taken: others may be taking them just now.
    select id, row_number() over (partition by owner order by next_refresh_at) as turn from oldest
     order by 2, next_refresh_at limit 4 * p_limit
  ), due as (
    select c.id from turns t join public.oauth_connections c on c.id = t.id
     where c.next_refresh_at <= now()
     order by t.turn, c.next_refresh_at limit p_limit for update of c skip locked
  ), claimed as (
    update public.oauth_connections c set next_refresh_at = now() + interval '3 minutes'
      from due where c.id = due.id returning c.id, c.version
  )
  select coalesce(jsonb_agg(jsonb_build_array(id, version)), '[]') into v_claimed from claimed;
  return v_claimed;
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_due(integer) is 'Takes a batch of connections that are due.';
--> statement-breakpoint
revoke all on function gatehouse.claim_due(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_due(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_revocations
-- Takes grants to revoke for one worker, for five minutes: of the oldest thousand at least, one of each owner in turn, and
-- of who has many later; no more than an answer holds, and at least one. `isShared`: the same account is connected elsewhere by the same client, so a
-- provider that ends a whole grant would end that one too. Answers [{id, owner, connector, …}, …].
create or replace function gatehouse.claim_revocations(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v_bytes bigint := 0;
  v_ids uuid[] := '{}';
  v_claimed jsonb[] := '{}';
begin
  for v_row in
      with oldest as (
        select id, owner, next_try_at from public.grant_revocations where next_try_at <= now()
         order by next_try_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by next_try_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, next_try_at limit 4 * p_limit
      )
      select r.id, jsonb_build_object('id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'clientId', r.client_id, 'clientSecret', r.client_secret, 'field', r.token_field,
          'token', r.token, 'parameters', r.parameters, 'attempts', r.attempts + 1, 'isShared', exists (
            select from public.oauth_connections c where c.connector_id = r.connector_id and c.account_id = r.account_id
               and c.client_id is not distinct from r.client_id)) as entry
        from turns t join public.grant_revocations r on r.id = t.id
       where r.next_try_at <= now()
       order by t.turn, r.next_try_at limit p_limit for update of r skip locked loop
    v_bytes := v_bytes + octet_length(v_row.entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.entry;
  end loop;
  update public.grant_revocations r set next_try_at = now() + interval '5 minutes', attempts = r.attempts + 1
   where r.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_revocations(integer) is 'Takes a batch of grants that are to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.claim_revocations(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_revocations(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/claim_unidentified
-- Takes connections for one worker whose account is to be asked for: for ten minutes, in which it settles them. Of the
-- oldest thousand at least, one of each owner in turn, and of who has many later: nobody waits for these. No more than an
-- answer holds, and at least one. Answers them as sealed_connection does.
create or replace function gatehouse.claim_unidentified(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v_bytes bigint := 0;
  v_ids uuid[] := '{}';
  v_claimed jsonb[] := '{}';
begin
  for v_row in
      with oldest as (
        select id, owner, identify_at from public.oauth_connections where identify_at <= now()
         order by identify_at limit greatest(1000, 10 * p_limit)
      ), turns as (
        select id, row_number() over (partition by owner order by identify_at)
            + count(*) over (partition by owner) / 20 as turn from oldest order by 2, identify_at limit 4 * p_limit
      )
      select c.id, gatehouse.sealed_connection(c) as sealed from turns t join public.oauth_connections c on c.id = t.id
       where c.identify_at <= now()
       order by t.turn, c.identify_at limit p_limit for update of c skip locked loop
    v_bytes := v_bytes + octet_length(v_row.sealed::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_ids) > 0;
    v_ids := v_ids || v_row.id;
    v_claimed := v_claimed || v_row.sealed;
  end loop;
  update public.oauth_connections c set identify_at = now() + interval '10 minutes' where c.id = any (v_ids);
  return to_jsonb(v_claimed);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_unidentified(integer) is 'Takes a batch of connections whose account is not known yet.';
--> statement-breakpoint
revoke all on function gatehouse.claim_unidentified(integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_unidentified(integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/commit_refresh
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
--> statement-breakpoint
-- function: oauth/connection_breaker
-- For the subject's own connection: whether its connector is left alone just now, until when, and why.
create or replace function gatehouse.connection_breaker(p_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select jsonb_build_object('openUntil', b.open_until, 'class', b.last_failure->>'class',
      'code', b.last_failure->>'code')
    from public.connector_breakers b, gatehouse.own_connection(jsonb_build_object('connectionId', p_id)) c
   where b.connector_id = c.connector_id and b.client_id = gatehouse.breaker_key(c) and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_breaker(uuid) is 'Whether the connector of a connection of the subject is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.connection_breaker(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_breaker(uuid) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/connection_entry
-- A connection as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.connection_entry(p_row public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'oauth_connections', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object('access_token', p_row.access_token, 'refresh_token', p_row.refresh_token,
      'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_entry(public.oauth_connections) is 'A connection as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.connection_entry(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.connection_entry(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/connection_room
-- How many more connections an owner may have, brought or connected: 200 in all. Whoever asks has locked the owner.
create or replace function gatehouse.connection_room(p_owner text) returns integer
language plpgsql stable
as $$
begin
  return (select 200 - count(*) from (
    select from public.oauth_connections c where c.owner = p_owner limit 200) connections);
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_room(text) is 'How many more connections an owner may have.';
--> statement-breakpoint
revoke all on function gatehouse.connection_room(text) from public;
--> statement-breakpoint
-- function: oauth/drop_connection
-- Takes a connection out of the vault. Its token is kept, sealed as it was, only until the provider has revoked it.
create or replace function gatehouse.drop_connection(p_connection public.oauth_connections, p_event_id uuid) returns void
language plpgsql volatile
as $$
begin
  insert into public.grant_revocations
    (id, connection_id, owner, connector_id, account_id, client_id, client_secret, token_field, token, parameters)
  select p_connection.id, p_connection.id, p_connection.owner, p_connection.connector_id, p_connection.account_id,
    p_connection.client_id, p_connection.client_secret,
    case when p_connection.refresh_token is null then 'access_token' else 'refresh_token' end,
    coalesce(p_connection.refresh_token, p_connection.access_token), p_connection.parameters
   where coalesce(p_connection.refresh_token, p_connection.access_token) <> ''
  on conflict (id) do nothing;
  perform gatehouse.bound_revocations(p_connection.owner);
  update public.connected_apps set disconnected_at = now()
   where organization_id = p_connection.organization_id and connection_id = p_connection.id;
  delete from public.oauth_connections where id = p_connection.id;
  perform gatehouse.note_connection(p_connection,
    jsonb_build_object('id', p_event_id, 'event', 'disconnected', 'outbox', true));
end $$;
--> statement-breakpoint
comment on function gatehouse.drop_connection(public.oauth_connections, uuid) is 'Takes a connection out of the vault, its grant to be revoked.';
--> statement-breakpoint
revoke all on function gatehouse.drop_connection(public.oauth_connections, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.drop_connection(public.oauth_connections, uuid) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/fail_refresh
-- Ends a lease whose refresh did not work. p_failed: {id, version, leaseId, result, failure: {class, code, status},
-- retryIn}. With a result the connection ends so; without one only the evidence is kept, and when to try again. That the
-- deployment's client is refused is the deployment's matter and leaves no mark at all; a client that came with the grant is
-- the grant's matter. Answers recorded, or superseded: somebody's newer tokens are there, and the failure says nothing about
-- them.
create or replace function gatehouse.fail_refresh(p_failed jsonb) returns text
language plpgsql volatile
as $$
declare
  v_failure jsonb := p_failed->'failure';
  v public.oauth_connections;
  v_is_new boolean;
begin
  select * into v from public.oauth_connections c where c.id = (p_failed->>'id')::uuid for no key update;
  if not found or v.version <> (p_failed->>'version')::bigint
      or v.lease_id is distinct from (p_failed->>'leaseId')::uuid then
    return 'superseded';
  elsif p_failed->>'result' is not null then
    perform gatehouse.end_connection(v, (p_failed->>'result')::public.oauth_status, v_failure);
    return 'recorded';
  end if;
  update public.oauth_connections
     set lease_id = null, lease_until = null, lease_doubtful = false,
         next_refresh_at = case when status = 'active'
           then now() + make_interval(secs => (p_failed->>'retryIn')::double precision) end
   where id = v.id;
  if v_failure->>'class' <> 'configuration' or gatehouse.has_own_client(v) then
    v_is_new := v.last_failure->>'code' is distinct from v_failure->>'code';
    update public.oauth_connections
       set failure_count = failure_count + 1, failing_since = coalesce(failing_since, now()),
           last_failure = v_failure || jsonb_build_object('at', now())
     where id = v.id returning * into v;
    if v_is_new then
      perform gatehouse.note_connection(v, jsonb_build_object('event', 'refresh_failed', 'evidence',
        v.last_failure || jsonb_build_object('attempt', v.failure_count, 'nextTryAt', v.next_refresh_at)));
    end if;
  end if;
  return 'recorded';
end $$;
--> statement-breakpoint
comment on function gatehouse.fail_refresh(jsonb) is 'Ends a lease whose refresh did not work.';
--> statement-breakpoint
revoke all on function gatehouse.fail_refresh(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.fail_refresh(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/has_own_client
-- Whether a grant brought its own client, id and secret: then the deployment's secret is never sent for it, as
-- src/domain/oauth/client.ts has it.
create or replace function gatehouse.has_own_client(p_connection public.oauth_connections) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_connection.client_id is not null and p_connection.client_secret is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.has_own_client(public.oauth_connections) is 'Whether a grant brought id and secret of a client.';
--> statement-breakpoint
revoke all on function gatehouse.has_own_client(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.has_own_client(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/integration_entry
-- An integration as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.integration_entry(p_row public.user_integrations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'user_integrations', 'id', p_row.id, 'owner', 'user:' || p_row.user_id,
      'connector', p_row.service_id, 'accountId', coalesce(p_row.external_user_id, '')),
    jsonb_build_object('credentials', gatehouse.credentials_text(p_row.credentials), 'auth_code', p_row.auth_code));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_entry(public.user_integrations) is 'An integration as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_entry(public.user_integrations) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_entry(public.user_integrations) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/is_set_aside
-- Whether a row is left out by a job for now, since it could not be worked on the last time.
create or replace function gatehouse.is_set_aside(p_job text, p_table text, p_id uuid) returns boolean
language plpgsql stable
as $$
begin
  return exists (select from public.job_failures f
    where f.job = p_job and f.table_name = p_table and f.row_id = p_id and f.retry_at > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.is_set_aside(text, text, uuid) is 'Whether a row is left out by a job for now.';
--> statement-breakpoint
revoke all on function gatehouse.is_set_aside(text, text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_set_aside(text, text, uuid) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/lease_connections
-- Leases a claimed batch in one trip. p_rows: [[id, version], …]; p_lease: see take_lease. Left out: whoever moved on, is
-- leased, or has a connector that is left alone (those wait for it, spread over a minute). What can not be refreshed any
-- more is ended here. What an answer does not hold any more is given back and due at once; at least one is leased. Answers
-- [{connection, isUnanswered}, …]. In the order of ids, so that two batches cannot deadlock.
create or replace function gatehouse.lease_connections(p_rows jsonb, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v public.oauth_connections;
  v_paused_until timestamptz;
  v_lease jsonb;
  v_size integer;
  v_bytes bigint := 0;
  v_leased jsonb[] := '{}';
begin
  for v_row in select (r->>0)::uuid as id, r->1 as version from jsonb_array_elements(p_rows) r order by 1 loop
    -- Before the lease, which says something of the one before it, and so is not taken and given back.
    v_size := coalesce((select octet_length(gatehouse.sealed_connection(c)::text)
      from public.oauth_connections c where c.id = v_row.id), 0);
    if v_bytes + v_size > gatehouse.answer_limit() and cardinality(v_leased) > 0 then
      update public.oauth_connections c set next_refresh_at = now()
       where c.id = v_row.id and to_jsonb(c.version) = v_row.version and c.next_refresh_at > now()
         and (c.lease_until is null or c.lease_until <= now());
      continue;
    end if;
    v_lease := gatehouse.take_lease(v_row.id, p_lease || jsonb_build_object('version', v_row.version));
    continue when v_lease->>'outcome' <> 'leased';
    select * into v from public.oauth_connections c where c.id = v_row.id;
    v_paused_until := gatehouse.open_breaker_until(v);
    if p_lease ? 'refreshable' and not p_lease->'refreshable' ? v.connector_id then
      -- No code here knows it: whoever brought the grant renews it.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = null where id = v.id;
    elsif (v.refresh_token is null or v.refresh_expires_at <= now()) and v.expires_at > now() then
      -- The token in hand is good to its end.
      update public.oauth_connections set lease_id = null, lease_until = null, next_refresh_at = v.expires_at
       where id = v.id;
    elsif v.refresh_token is null or v.refresh_expires_at <= now() then
      perform gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
        'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
    elsif v_paused_until is not null then
      update public.oauth_connections set lease_id = null, lease_until = null,
        next_refresh_at = v_paused_until + random() * interval '1 minute' where id = v.id;
    else
      v_bytes := v_bytes + v_size;
      v_leased := v_leased || (v_lease - 'outcome');
    end if;
  end loop;
  return to_jsonb(v_leased);
end $$;
--> statement-breakpoint
comment on function gatehouse.lease_connections(jsonb, jsonb) is 'Leases a claimed batch of connections.';
--> statement-breakpoint
revoke all on function gatehouse.lease_connections(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.lease_connections(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/open_breaker
-- Leaves a connector alone for a while, longer each time in a row, for the grants of one client. p_breaker: {connector, key
-- (gatehouse.breaker_key), isAlert, seconds, maxSeconds, failure}. Whoever finds it open already changes nothing. The first
-- time that the deployment's client is refused (isAlert) is an event: one alert, however many connections wait. Answers {isNew, seconds}: how long it is open from now.
create or replace function gatehouse.open_breaker(p_breaker jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.connector_breakers;
  v_is_new boolean;
  v_seconds double precision := (p_breaker->>'seconds')::double precision;
begin
  insert into public.connector_breakers (connector_id, client_id, opened_at, open_until, last_failure)
  values (p_breaker->>'connector', p_breaker->>'key', now(), now() + make_interval(secs => v_seconds),
    p_breaker->'failure' || jsonb_build_object('at', now()))
  on conflict (connector_id, client_id) do nothing;
  v_is_new := found;
  if not v_is_new then
    update public.connector_breakers b
       set open_until = now() + make_interval(
             secs => least((p_breaker->>'maxSeconds')::double precision, v_seconds * 2 ^ least(b.trips, 20))),
           trips = b.trips + 1, last_failure = p_breaker->'failure' || jsonb_build_object('at', now())
     where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key'
       and b.open_until <= now();
  end if;
  select * into v from public.connector_breakers b
   where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key';
  if v_is_new and (p_breaker->>'isAlert')::boolean then
    insert into public.outbox (type, subject_id, payload) values ('connector.misconfigured', v.connector_id,
      jsonb_build_object('connector', v.connector_id, 'reason', p_breaker->'failure'->>'code'));
  end if;
  return jsonb_build_object('isNew', v_is_new,
    'seconds', greatest(1, coalesce(extract(epoch from v.open_until - now()), v_seconds)));
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker(jsonb) is 'Leaves a connector alone for a while.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/open_breaker_until
-- Until when the connector of a connection is left alone, for its client; null when it is not.
create or replace function gatehouse.open_breaker_until(p_connection public.oauth_connections) returns timestamptz
language plpgsql stable
as $$
begin
  return (select b.open_until from public.connector_breakers b
    where b.connector_id = p_connection.connector_id and b.client_id = gatehouse.breaker_key(p_connection)
      and b.open_until > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker_until(public.oauth_connections) is 'Until when the connector of a connection is left alone.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker_until(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker_until(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/reseal_values
-- Puts newly sealed values where the very old ones still are: a refresh or a SQL write in between keeps its own. The version
-- stays, so a refresh that is on its way is not lost. p_rows: [{table, id, owner, accountId, from: {field: text}, to:
-- {field: envelope}}, …]; of a row that got its first seals also version and nextRefreshIn (seconds), when it is due. What
-- worked out is set aside no longer.
create or replace function gatehouse.reseal_values(p_rows jsonb) returns integer
language plpgsql volatile
as $$
declare
  v_connections integer;
  v_integrations integer;
  v_revocations integer;
begin
  update public.oauth_connections c
     set access_token = case when c.access_token = r->'from'->>'access_token'
           then r->'to'->>'access_token' else c.access_token end,
         refresh_token = case when c.refresh_token = r->'from'->>'refresh_token'
           then r->'to'->>'refresh_token' else c.refresh_token end,
         client_secret = case when c.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else c.client_secret end,
         next_refresh_at = case when c.next_refresh_at is null and c.status = 'active' and c.version = (r->>'version')::bigint
           then now() + make_interval(secs => (r->>'nextRefreshIn')::double precision) else c.next_refresh_at end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'oauth_connections' and c.id = (r->>'id')::uuid
     -- A seal is for its owner and account: those may have changed since as well.
     and c.owner = coalesce(r->>'owner', c.owner) and c.account_id = coalesce(r->>'accountId', c.account_id);
  get diagnostics v_connections = row_count;
  update public.user_integrations ui
     set credentials = case when gatehouse.credentials_text(ui.credentials) = r->'from'->>'credentials'
           then r->'to'->'credentials' else ui.credentials end,
         auth_code = case when ui.auth_code = r->'from'->>'auth_code' then r->'to'->>'auth_code' else ui.auth_code end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'user_integrations' and ui.id = (r->>'id')::uuid and 'user:' || ui.user_id = r->>'owner'
     and ui.service_id = r->>'connector' and coalesce(ui.external_user_id, '') = r->>'accountId';
  get diagnostics v_integrations = row_count;
  update public.grant_revocations g
     set token = case when g.token = r->'from'->>g.token_field then r->'to'->>g.token_field else g.token end,
         client_secret = case when g.client_secret = r->'from'->>'client_secret'
           then r->'to'->>'client_secret' else g.client_secret end
    from jsonb_array_elements(p_rows) r
   where r->>'table' = 'grant_revocations' and g.id = (r->>'id')::uuid;
  get diagnostics v_revocations = row_count;
  delete from public.job_failures f using jsonb_array_elements(p_rows) r
   where f.job in ('reseal', 'seal') and f.table_name = r->>'table' and f.row_id = (r->>'id')::uuid;
  return v_connections + v_integrations + v_revocations;
end $$;
--> statement-breakpoint
comment on function gatehouse.reseal_values(jsonb) is 'Puts newly sealed values where the old ones still are.';
--> statement-breakpoint
revoke all on function gatehouse.reseal_values(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.reseal_values(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/revocation_entry
-- A grant that waits to be revoked as the jobs that seal take it: see vault_entry.
create or replace function gatehouse.revocation_entry(p_row public.grant_revocations) returns jsonb
language plpgsql stable
as $$
begin
  return gatehouse.vault_entry(
    jsonb_build_object('table', 'grant_revocations', 'id', p_row.id, 'owner', p_row.owner,
      'connector', p_row.connector_id, 'accountId', p_row.account_id),
    jsonb_build_object(p_row.token_field, p_row.token, 'client_secret', p_row.client_secret));
end $$;
--> statement-breakpoint
comment on function gatehouse.revocation_entry(public.grant_revocations) is 'A grant to revoke as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.revocation_entry(public.grant_revocations) from public;
--> statement-breakpoint
grant execute on function gatehouse.revocation_entry(public.grant_revocations) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/sealed_connection
-- A connection as the Worker needs it to use or refresh it. Values stay sealed; times are seconds from now, so that only
-- one clock counts.
create or replace function gatehouse.sealed_connection(p_connection public.oauth_connections) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_build_object('id', p_connection.id, 'owner', p_connection.owner, 'connector', p_connection.connector_id,
    'accountId', p_connection.account_id, 'clientId', p_connection.client_id, 'clientSecret', p_connection.client_secret,
    'breakerKey', gatehouse.breaker_key(p_connection),
    'accessToken', p_connection.access_token, 'refreshToken', p_connection.refresh_token,
    'tokenType', p_connection.token_type, 'scopes', p_connection.scopes, 'status', p_connection.status,
    'version', p_connection.version, 'parameters', p_connection.parameters,
    'expiresAt', p_connection.expires_at, 'failureCount', p_connection.failure_count,
    'lastFailure', p_connection.last_failure, 'isDoubtful', p_connection.lease_doubtful,
    'secondsLeft', extract(epoch from p_connection.expires_at - now()));
end $$;
--> statement-breakpoint
comment on function gatehouse.sealed_connection(public.oauth_connections) is 'A connection with its sealed values, for the Worker.';
--> statement-breakpoint
revoke all on function gatehouse.sealed_connection(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.sealed_connection(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/set_aside
-- Sets rows aside that a job could not work on: for an hour, then two, twice as long each time, a day at most. p_rows:
-- [{table, id, code}, …]. One that is set aside already stays so: the same statement sent again counts once.
create or replace function gatehouse.set_aside(p_job text, p_rows jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.job_failures as f (job, table_name, row_id, last_failure, retry_at)
  select p_job, r->>'table', (r->>'id')::uuid, jsonb_build_object('code', r->'code', 'at', now()), now() + interval '1 hour'
    from jsonb_array_elements(p_rows) r order by 2, 3
  on conflict (job, table_name, row_id) do update
    set attempts = f.attempts + 1, last_failure = excluded.last_failure,
        retry_at = now() + least(24, 2 ^ least(f.attempts, 5)) * interval '1 hour'
   where f.retry_at <= now();
end $$;
--> statement-breakpoint
comment on function gatehouse.set_aside(text, jsonb) is 'Sets rows aside that a job could not work on.';
--> statement-breakpoint
revoke all on function gatehouse.set_aside(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.set_aside(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/store_connection
-- Keeps a grant in the vault: a new connection of the subject, or the same account once more, in place. Definer: members
-- write no tokens. p_grant: {id, eventId, begunBy, connectionId, connector, accountId, issuer, subject, clientId,
-- accessToken, refreshToken, tokenType, expiresIn, refreshExpiresIn, nextRefreshIn, scopes, metadata, parameters, service,
-- linkEventId}. With a connectionId the account must be that connection's: connecting another one in its place would give
-- a user's automations to somebody else. Of a grant that was brought without an account it takes that place, unless its
-- links know another account. A service is linked to it. A grant that is not kept is revoked. Answers {outcome: connected
-- | an error code, id}.
create or replace function gatehouse.store_connection(p_grant jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_before public.oauth_connections;
  v public.oauth_connections;
  v_refusal text;
  v_asked public.oauth_connections;
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
begin
  if p_grant->>'begunBy' is distinct from gatehouse.actor_user_id() then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform from public.users u where u.id = gatehouse.uid() for no key update;
  perform from public.organizations o where o.id = gatehouse.organization_id() for no key update;
  v_before := gatehouse.own_connection(jsonb_build_object('connector', p_grant->'connector', 'accountId', p_grant->'accountId'));
  if exists (select from public.connection_events e
      where e.id = (p_grant->>'eventId')::uuid and e.connection_id = v_before.id) then
    -- Sent again: it is kept already.
    return jsonb_build_object('outcome', 'connected', 'id', v_before.id);
  elsif p_grant->>'connectionId' is not null then
    v_asked := gatehouse.own_connection(jsonb_build_object('connectionId', p_grant->'connectionId'));
  end if;
  v_refusal := case
    when p_grant->>'connectionId' is not null and v_asked.id is null then 'connection.not_found'
    when v_asked.id is not null and v_asked.id is distinct from v_before.id
      and not gatehouse.can_become(v_asked, p_grant) then 'connection.wrong_account'
    when p_grant->>'service' is not null and not exists (select from public.services s
      where s.id = p_grant->>'service' and s.is_active and s.connector_id = p_grant->>'connector') then 'service.inactive'
    when p_grant->>'service' is not null and gatehouse.link_room(gatehouse.uid()) <= 0 and not exists (
        select from public.user_integrations ui where ui.user_id = gatehouse.uid() and ui.service_id = p_grant->>'service'
           and (ui.connection_id = v_before.id or ui.external_user_id in (p_grant->>'accountId',
             p_grant->'metadata'->(p_grant->>'connector')->>'email'))) then 'integration.limit_reached'
    when v_before.id is null and gatehouse.connection_room(v_owner) <= 0
    then 'connection.limit_reached' end;
  if v_refusal is not null then
    -- The provider gave it already: what is not kept is given back.
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, token_field, token, parameters)
    values ((p_grant->>'id')::uuid, (p_grant->>'id')::uuid, v_owner, p_grant->>'connector', p_grant->>'accountId',
      p_grant->>'clientId', case when p_grant->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(p_grant->>'refreshToken', p_grant->>'accessToken'), p_grant->'parameters')
    on conflict (id) do nothing;
    perform gatehouse.bound_revocations(v_owner);
    return jsonb_build_object('outcome', v_refusal);
  end if;
  insert into public.oauth_connections as c
    (id, user_id, organization_id, connector_id, account_id, client_id, access_token, refresh_token, token_type,
     expires_at, refresh_expires_at, next_refresh_at, scopes, connector_metadata, parameters, created_by)
  values ((p_grant->>'id')::uuid, gatehouse.uid(), gatehouse.organization_id(), p_grant->>'connector',
    p_grant->>'accountId', p_grant->>'clientId', p_grant->>'accessToken', p_grant->>'refreshToken',
    p_grant->>'tokenType', now() + make_interval(secs => (p_grant->>'expiresIn')::double precision),
    now() + make_interval(secs => (p_grant->>'refreshExpiresIn')::double precision),
    now() + make_interval(secs => (p_grant->>'nextRefreshIn')::double precision), p_grant->>'scopes',
    p_grant->'metadata', p_grant->'parameters', gatehouse.actor_user_id())
  on conflict (owner, connector_id, account_id) do update
    set access_token = excluded.access_token,
        refresh_token = coalesce(excluded.refresh_token, case when c.client_id = excluded.client_id then c.refresh_token end),
        client_id = excluded.client_id, client_secret = null, token_type = excluded.token_type,
        expires_at = excluded.expires_at, refresh_expires_at = case when excluded.refresh_token is null
          then c.refresh_expires_at else excluded.refresh_expires_at end,
        next_refresh_at = excluded.next_refresh_at, scopes = excluded.scopes, parameters = excluded.parameters,
        connector_metadata = c.connector_metadata || excluded.connector_metadata, status = 'active', granted_at = now(),
        created_by = coalesce(c.created_by, excluded.created_by), identify_at = null, version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
  if v_asked.id <> v.id then
    update public.user_integrations ui set connection_id = v.id, is_active = true
     where ui.user_id = v.user_id and ui.connection_id = v_asked.id;
    perform gatehouse.name_account(v, p_grant->'metadata'->v.connector_id->>'email');
  end if;
  if p_grant->>'service' is not null and v.user_id is not null then
    perform gatehouse.link_connection(v, p_grant->>'service', (p_grant->>'linkEventId')::uuid);
  end if;
  update public.oauth_accounts a set connection_id = v.id
   where a.user_id = v.user_id and a.issuer = p_grant->>'issuer' and a.provider_user_id = p_grant->>'subject';
  if v.organization_id is not null then
    insert into public.connected_apps (organization_id, user_id, connection_id, provider, provider_account_id)
    values (v.organization_id, gatehouse.actor_user_id(), v.id, v.connector_id, v.account_id)
    on conflict (organization_id, connection_id) do nothing;
  end if;
  perform gatehouse.note_connection(v, jsonb_build_object('id', p_grant->>'eventId', 'outbox', true, 'event',
    case when v_before.id is null then 'connected' when v_before.status <> 'active' then 'recovered'
      else 'reconnected' end, 'evidence', jsonb_build_object('scopes', v.scopes)));
  return jsonb_build_object('outcome', 'connected', 'id', v.id);
end $$;
--> statement-breakpoint
comment on function gatehouse.store_connection(jsonb) is 'Keeps a grant of the subject in the vault.';
--> statement-breakpoint
revoke all on function gatehouse.store_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.store_connection(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/values_to_reseal
-- Rows with values under other keys than the active one, at most p_limit and no more than an answer holds. p_keys: those
-- keys, of the ring; `?` stands for rows whose values are not all under one key. Owner by owner, a look at the index for
-- each: 25 rows of every owner and 64 KiB (or one row), so that one who has many or large ones holds up nobody; where one
-- owner alone is left, more. Left out: a row under a key that nobody has, which would come back for
-- ever; what is not sealed at all (values_to_seal); what is set aside. Answers what vault_entry makes of each.
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_key text;
  v_share integer;
  v_most integer;
  v_entry jsonb;
  v_bytes bigint := 0;
  v_taken uuid[] := '{}';
  v_found jsonb[] := '{}';
begin
  <<shares>>
  foreach v_share in array array[25, 100] loop
    -- The second time is for the one owner who is left.
    exit when v_share = 100 and (select count(distinct e->>'owner') from unnest(v_found) e) > 1;
    v_most := case v_share when 25 then 65536 else 1048576 end;
    foreach v_key in array p_keys || '?'::text loop
      for v_entry in
          with recursive connection_owners as (
            (select c.owner from public.oauth_connections c where c.key_id = v_key order by c.owner limit 1)
            union all
            select (select c.owner from public.oauth_connections c where c.key_id = v_key and c.owner > o.owner
                     order by c.owner limit 1)
              from connection_owners o where o.owner is not null
          ), users as (
            (select ui.user_id from public.user_integrations ui where ui.key_id = v_key order by ui.user_id limit 1)
            union all
            select (select ui.user_id from public.user_integrations ui where ui.key_id = v_key and ui.user_id > u.user_id
                     order by ui.user_id limit 1)
              from users u where u.user_id is not null
          )
          select e.entry from connection_owners o cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.connection_entry(found.c) as entry, row_number() over (order by found.id) as turn from (
                select c, c.id from public.oauth_connections c
                 where c.key_id = v_key and c.owner = o.owner and not c.id = any (v_taken)
                   and (gatehouse.sealed_under(c.access_token, p_keys) or gatehouse.sealed_under(c.refresh_token, p_keys)
                     or gatehouse.sealed_under(c.client_secret, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'oauth_connections', c.id)
                 order by c.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most
          union all
          select e.entry from users u cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.integration_entry(found.ui) as entry, row_number() over (order by found.id) as turn from (
                select ui, ui.id from public.user_integrations ui
                 where ui.key_id = v_key and ui.user_id = u.user_id and not ui.id = any (v_taken)
                   and (gatehouse.sealed_under(ui.credentials #>> '{}', p_keys)
                     or gatehouse.sealed_under(ui.auth_code, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'user_integrations', ui.id)
                 order by ui.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most loop
        v_bytes := v_bytes + octet_length(v_entry::text);
        exit shares when cardinality(v_found) >= p_limit
          or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
        v_found := v_found || v_entry;
        v_taken := v_taken || (v_entry->>'id')::uuid;
      end loop;
    end loop;
  end loop;
  -- What waits to be revoked is read whole: few wait, and not for long.
  for v_entry in
      select gatehouse.revocation_entry(r) from (
        select g.id, row_number() over (partition by g.owner order by g.id) as turn from public.grant_revocations g
         where (gatehouse.sealed_under(g.token, p_keys) or gatehouse.sealed_under(g.client_secret, p_keys))
           and not gatehouse.is_set_aside('reseal', 'grant_revocations', g.id)
         order by 2, 1 limit p_limit) t join public.grant_revocations r on r.id = t.id order by t.turn, t.id loop
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when cardinality(v_found) >= p_limit
      or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/values_to_seal
-- Rows of one table with values in the clear, by id after p_after, no more than an answer holds and at least one; left out
-- is what is set aside: what cannot be sealed holds up nothing. Answers what vault_entry makes of each, of a connection
-- also what it takes to say when it is due: version, status, hasRefreshToken, secondsLeft.
create or replace function gatehouse.values_to_seal(p_table text, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_entry jsonb;
  v_bytes bigint := 0;
  v_found jsonb[] := '{}';
  v_connection public.oauth_connections;
  v_integration public.user_integrations;
  v_revocation public.grant_revocations;
begin
  -- One by one, since each is read whole: what does not fit is not read.
  for v_connection in select * from public.oauth_connections c
     where p_table = 'oauth_connections' and c.id > p_after
       and ((access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
         or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, c.id)
     order by c.id limit p_limit loop
    v_entry := gatehouse.connection_entry(v_connection) || jsonb_build_object('version', v_connection.version,
      'status', v_connection.status, 'hasRefreshToken', v_connection.refresh_token is not null,
      'secondsLeft', extract(epoch from v_connection.expires_at - now()));
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_integration in select * from public.user_integrations ui
     where p_table = 'user_integrations' and ui.id > p_after
       and (left(credentials #>> '{}', 12) <> 'gatehouse:1:' or left(auth_code, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, ui.id)
     order by ui.id limit p_limit loop
    v_entry := gatehouse.integration_entry(v_integration);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_revocation in select * from public.grant_revocations r
     where p_table = 'grant_revocations' and r.id > p_after
       and (left(r.token, 12) <> 'gatehouse:1:' or left(r.client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, r.id)
     order by r.id limit p_limit loop
    v_entry := gatehouse.revocation_entry(v_revocation);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_seal(text, uuid, integer) is 'Rows of a table with values in the clear.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_seal(text, uuid, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_seal(text, uuid, integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/vault_entry
-- A row as the jobs that seal take it: {table, id, owner, connector, accountId, values: {field: text}}. Of a row that no
-- answer holds the values are left out, and isTooLarge says so.
create or replace function gatehouse.vault_entry(p_row jsonb, p_values jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if octet_length(p_values::text) > gatehouse.answer_limit() then
    return p_row || '{"values": {}, "isTooLarge": true}';
  end if;
  return p_row || jsonb_build_object('values', jsonb_strip_nulls(p_values));
end $$;
--> statement-breakpoint
comment on function gatehouse.vault_entry(jsonb, jsonb) is 'A row as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.vault_entry(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.vault_entry(jsonb, jsonb) to gatehouse_system;
