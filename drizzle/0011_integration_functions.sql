-- function: gate/enter_subject
-- The subjects that are not simply the caller: a user named in the input (`me`: the caller's own); an organisation named
-- in the input; the platform, which is nobody. Sets the subject for this transaction, or refuses.
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
  if v_subject = 'user' and v_user_id = 'me' then
    if p_actor->>'userId' is null then
      raise exception 'subject.missing' using errcode = 'GH012';
    end if;
    perform set_config('gatehouse.user_id', p_actor->>'userId', true);
  elsif v_subject = 'user' and v_user_id is not null then
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
--> statement-breakpoint
-- function: integrations/bulk_link_services_to_user
-- Requirement 1: links many services at once. Each item stands by itself: a bad one is reported with its index (from 0), code and
-- reason, and spoils no other. Items have the keys of link_service_to_user; a bare text is a service id. Answers
-- {total, succeeded, failed, results: [{index, service_id, success, integration_id | code, error}]}.
create or replace function public.bulk_link_services_to_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_item jsonb;
  v_index integer;
  v_done integer := 0;
  v_results jsonb[] := '{}';
  v_code text;
begin
  if coalesce(jsonb_typeof(services_json), 'null') <> 'array' then
    raise exception 'services_json: a list of services' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  for v_item, v_index in select e.value, e.ordinality - 1 from jsonb_array_elements(services_json) with ordinality e loop
    begin
      if jsonb_typeof(v_item) = 'string' then
        v_item := jsonb_build_object('service_id', v_item);
      elsif jsonb_typeof(v_item) <> 'object' then
        raise exception 'An item is an object with service_id' using errcode = 'GH018', detail = 'integration.incomplete';
      end if;
      v_results := v_results || jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', true,
        'integration_id', gatehouse.link_integration(v_item || jsonb_build_object('user_id', bulk_link_services_to_user.user_id)));
      v_done := v_done + 1;
    exception when others then
      -- An item's own fault is reported with it; anything else (a deadlock, a full disk) is nobody's item.
      if left(sqlstate, 2) not in ('GH', '22', '23') then
        raise;
      end if;
      get stacked diagnostics v_code = pg_exception_detail;
      v_results := v_results || jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', false,
        'code', case when left(sqlstate, 2) = 'GH' then v_code else 'input.invalid' end, 'error', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('total', jsonb_array_length(services_json), 'succeeded', v_done,
    'failed', jsonb_array_length(services_json) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function public.bulk_link_services_to_user(text, jsonb) is 'Links many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_link_services_to_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_link_services_to_user(text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/bulk_unlink_services_from_user
-- Requirement 1: unlinks many services at once. Each item stands by itself: a bad one is reported with its index (from 0), code and
-- reason, and spoils no other. Items have the keys of unlink_service_from_user; a bare text is a service id. Answers
-- {total, succeeded, failed, results: [{index, service_id, success, unlinked | code, error}]}.
create or replace function public.bulk_unlink_services_from_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_item jsonb;
  v_index integer;
  v_done integer := 0;
  v_results jsonb[] := '{}';
  v_code text;
begin
  if coalesce(jsonb_typeof(services_json), 'null') <> 'array' then
    raise exception 'services_json: a list of services' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  for v_item, v_index in select e.value, e.ordinality - 1 from jsonb_array_elements(services_json) with ordinality e loop
    begin
      if jsonb_typeof(v_item) = 'string' then
        v_item := jsonb_build_object('service_id', v_item);
      elsif jsonb_typeof(v_item) <> 'object' then
        raise exception 'An item is an object with service_id' using errcode = 'GH018', detail = 'integration.incomplete';
      end if;
      v_results := v_results || jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', true,
        'unlinked', gatehouse.unlink_integrations(v_item || jsonb_build_object('user_id', bulk_unlink_services_from_user.user_id)));
      v_done := v_done + 1;
    exception when others then
      -- An item's own fault is reported with it; anything else (a deadlock, a full disk) is nobody's item.
      if left(sqlstate, 2) not in ('GH', '22', '23') then
        raise;
      end if;
      get stacked diagnostics v_code = pg_exception_detail;
      v_results := v_results || jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', false,
        'code', case when left(sqlstate, 2) = 'GH' then v_code else 'input.invalid' end, 'error', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('total', jsonb_array_length(services_json), 'succeeded', v_done,
    'failed', jsonb_array_length(services_json) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function public.bulk_unlink_services_from_user(text, jsonb) is 'Unlinks many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_unlink_services_from_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_unlink_services_from_user(text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/cleanup_integrations
-- Deletes integrations that hold nothing (no grant, no account, no credentials), a day after they were last changed, at
-- most p_limit; dry, it only says which. Definer: only here are links deleted.
create or replace function gatehouse.cleanup_integrations(p_is_dry_run boolean, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  select array_agg(o.id) into v_ids from (
    select ui.id from public.user_integrations ui
     where ui.connection_id is null and ui.external_user_id is null and ui.credentials is null and ui.auth_code is null
       and ui.updated_at < now() - interval '1 day'
     order by ui.id limit p_limit for update skip locked) o;
  if not p_is_dry_run then
    delete from public.user_integrations ui where ui.id = any (v_ids);
  end if;
  return jsonb_build_object('dry_run', p_is_dry_run, 'orphaned', coalesce(cardinality(v_ids), 0),
    'deleted', case when p_is_dry_run then 0 else coalesce(cardinality(v_ids), 0) end,
    'has_more', coalesce(cardinality(v_ids), 0) = p_limit, 'integration_ids', to_jsonb(coalesce(v_ids[1:100], '{}')));
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_integrations(boolean, integer) is 'Deletes integrations that hold nothing.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_integrations(boolean, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_integrations(boolean, integer) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/cleanup_orphaned_integrations
-- Requirement 1: deletes integrations that hold nothing; dry unless told otherwise. Answers {dry_run, orphaned, deleted, has_more,
-- integration_ids (the first hundred)}; call it again while there are more.
create or replace function public.cleanup_orphaned_integrations(
  dry_run boolean default true, max_rows integer default 1000
) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.cleanup_integrations(coalesce(dry_run, true), least(greatest(max_rows, 1), 10000));
end $$;
--> statement-breakpoint
comment on function public.cleanup_orphaned_integrations(boolean, integer) is 'Deletes integrations that hold nothing.';
--> statement-breakpoint
revoke all on function public.cleanup_orphaned_integrations(boolean, integer) from public;
--> statement-breakpoint
grant execute on function public.cleanup_orphaned_integrations(boolean, integer) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/delete_integration_view
-- INSTEAD OF DELETE of a view that shows integrations with their tokens. A grant that came with the link goes with it.
create or replace function gatehouse.delete_integration_view() returns trigger
language plpgsql volatile
as $$
begin
  delete from public.user_integrations ui where ui.id = old.id;
  return old;
end $$;
--> statement-breakpoint
comment on function gatehouse.delete_integration_view() is 'INSTEAD OF DELETE of a view of integrations with their tokens.';
--> statement-breakpoint
revoke all on function gatehouse.delete_integration_view() from public;
--> statement-breakpoint
grant execute on function gatehouse.delete_integration_view() to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/drop_unverified_grant
-- A grant that somebody brought with a link goes with the last link to it: nothing else leads there. It is not revoked;
-- who brought it may use it elsewhere. Definer: SQL clients delete nothing from the vault.
create or replace function gatehouse.drop_unverified_grant() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from public.oauth_connections c
   where c.id = old.connection_id and c.account_id like 'unverified:%'
     and not exists (select from public.user_integrations ui where ui.user_id = c.user_id and ui.connection_id = c.id);
  return null;
end $$;
--> statement-breakpoint
comment on function gatehouse.drop_unverified_grant() is 'Erases a brought grant with its last link.';
--> statement-breakpoint
revoke all on function gatehouse.drop_unverified_grant() from public;
--> statement-breakpoint
-- function: integrations/find_incomplete_integrations
-- Requirement 1: active integrations that lack something, in the order of their ids, at most max_rows (10,000): missing_token,
-- missing_external_user_id, token_expired (nothing to refresh it with), refresh_expired, refresh_revoked, token_unreadable.
-- The next page begins after the last integration_id. Raises GH016.
create or replace function public.find_incomplete_integrations(
  service_id text default null, max_rows integer default 1000, after_id uuid default null
) returns table (
  user_id text, email text, integration_id uuid, service text, service_name text, issue text, external_user_id text,
  display_label text, updated_at timestamptz)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_found record;
begin
  if find_incomplete_integrations.service_id is not null and not exists (
      select from public.services s where s.id = find_incomplete_integrations.service_id) then
    raise exception 'There is no service "%"', find_incomplete_integrations.service_id
      using errcode = 'GH016', detail = 'service.not_found';
  end if;
  select array_agg(i.integration_id) as ids, array_agg(i.issue) as issues into v_found
    from gatehouse.incomplete_integrations(find_incomplete_integrations.service_id, least(greatest(max_rows, 1), 10000), after_id) i;
  return query
    select o.user_id, o.email, o.id, o.service_id, o.service_name, f.issue, o.external_user_id, o.display_label, o.updated_at
      from gatehouse.integrations_of(v_found.ids) o
      join unnest(v_found.ids, v_found.issues) f (id, issue) on f.id = o.id
     order by o.id;
end $$;
--> statement-breakpoint
comment on function public.find_incomplete_integrations(text, integer, uuid) is 'Active integrations that lack something.';
--> statement-breakpoint
revoke all on function public.find_incomplete_integrations(text, integer, uuid) from public;
--> statement-breakpoint
grant execute on function public.find_incomplete_integrations(text, integer, uuid) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_calendar_token
-- Requirement 1: get_valid_token of google_calendar.
create or replace function public.get_calendar_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_calendar_token.user_id, 'google_calendar');
end $$;
--> statement-breakpoint
comment on function public.get_calendar_token(text) is 'get_valid_token of google_calendar.';
--> statement-breakpoint
revoke all on function public.get_calendar_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_calendar_token(text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_gmail_token
-- Requirement 1: get_valid_token of gmail.
create or replace function public.get_gmail_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_gmail_token.user_id, 'gmail');
end $$;
--> statement-breakpoint
comment on function public.get_gmail_token(text) is 'get_valid_token of gmail.';
--> statement-breakpoint
revoke all on function public.get_gmail_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_gmail_token(text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_signal_token
-- Requirement 1: get_valid_token of signal.
create or replace function public.get_signal_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_signal_token.user_id, 'signal');
end $$;
--> statement-breakpoint
comment on function public.get_signal_token(text) is 'get_valid_token of signal.';
--> statement-breakpoint
revoke all on function public.get_signal_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_signal_token(text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_telegram_id
-- Requirement 1: what the column users.telegram_id was; of several, the primary one. Null when there is none.
create or replace function public.get_telegram_id(user_id text) returns text
language plpgsql stable
as $$
begin
  return (select ui.external_user_id from public.user_integrations ui
    where ui.id = gatehouse.primary_integration(get_telegram_id.user_id, 'telegram'));
end $$;
--> statement-breakpoint
comment on function public.get_telegram_id(text) is 'The Telegram id of a user.';
--> statement-breakpoint
revoke all on function public.get_telegram_id(text) from public;
--> statement-breakpoint
grant execute on function public.get_telegram_id(text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_telegram_token
-- Requirement 1: get_valid_token of telegram.
create or replace function public.get_telegram_token(user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return public.get_valid_token(get_telegram_token.user_id, 'telegram');
end $$;
--> statement-breakpoint
comment on function public.get_telegram_token(text) is 'get_valid_token of telegram.';
--> statement-breakpoint
revoke all on function public.get_telegram_token(text) from public;
--> statement-breakpoint
grant execute on function public.get_telegram_token(text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_user_integration_stats
-- Requirement 1: counts over a user's integrations; tokens, services and types of the active ones. Times in UTC. Zeros for a user
-- without any.
create or replace function public.get_user_integration_stats(user_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
#variable_conflict use_column
begin
  return (
    with mine as (
      select ui.*, s.type, c.id is not null as has_grant, c.status,
          c.id is not null and gatehouse.is_expired(c.expires_at, s.tokens_expire) as is_expired
        from (select ui.id, ui.user_id, ui.service_id, ui.connection_id, ui.is_active, ui.created_at, ui.updated_at
          from public.user_integrations ui where ui.user_id = get_user_integration_stats.user_id) ui
        join public.services s on s.id = ui.service_id
        left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
    )
    select jsonb_build_object('user_id', get_user_integration_stats.user_id, 'total_integrations', count(*),
        'active_integrations', count(*) filter (where m.is_active),
        'inactive_integrations', count(*) filter (where not m.is_active),
        'valid_tokens', count(*) filter (where m.is_active and m.has_grant and not m.is_expired),
        'expired_tokens', count(*) filter (where m.is_active and m.is_expired),
        'refresh_expired', count(*) filter (where m.is_active and m.status in ('expired', 'revoked')),
        'services', coalesce((select jsonb_object_agg(g.service_id, g.n)
          from (select m.service_id, count(*) as n from mine m where m.is_active group by 1) g), '{}'),
        'types', coalesce((select jsonb_object_agg(g.type, g.n)
          from (select m.type, count(*) as n from mine m where m.is_active group by 1) g), '{}'),
        'first_connected_at', min(m.created_at), 'last_updated_at', max(m.updated_at))
      from mine m);
end $$;
--> statement-breakpoint
comment on function public.get_user_integration_stats(text) is 'Counts over the integrations of a user.';
--> statement-breakpoint
revoke all on function public.get_user_integration_stats(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_integration_stats(text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_user_integrations
-- Requirement 1: all integrations of a user, without secrets.
create or replace function public.get_user_integrations(
  user_id text
) returns table (integration_id uuid, service_name text, service_type text, is_active boolean, external_user_id text)
language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select ui.id, s.name, s.type, ui.is_active, ui.external_user_id
      from public.user_integrations ui join public.services s on s.id = ui.service_id
     where ui.user_id = get_user_integrations.user_id
     order by s.type, s.name, ui.created_at, ui.id;
end $$;
--> statement-breakpoint
comment on function public.get_user_integrations(text) is 'All integrations of a user, without secrets.';
--> statement-breakpoint
revoke all on function public.get_user_integrations(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_integrations(text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_user_with_integrations
-- Requirement 1: a user with all integrations, tokens included, as JSON; null for an unknown user. Times in UTC. Sealed
-- tokens come as they are stored, with "sealed": true.
create or replace function public.get_user_with_integrations(user_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
#variable_conflict use_column
begin
  return (
    select jsonb_build_object('id', u.id, 'email', u.email, 'display_name', u.display_name, 'position', u.position,
        'role', u.role, 'phone_number', u.phone_number, 'time_zone', u.time_zone, 'integrations', coalesce((
          select jsonb_agg(gatehouse.integration_json(ui, s, c) order by s.type, s.name, ui.created_at, ui.id)
            from public.user_integrations ui join public.services s on s.id = ui.service_id
            left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
           where ui.user_id = u.id), '[]'))
      from public.users u where u.id = get_user_with_integrations.user_id);
end $$;
--> statement-breakpoint
comment on function public.get_user_with_integrations(text) is 'A user with all integrations, tokens included.';
--> statement-breakpoint
revoke all on function public.get_user_with_integrations(text) from public;
--> statement-breakpoint
grant execute on function public.get_user_with_integrations(text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/get_valid_token
-- Requirement 1: the token of a service with its expiry, as stored; of several accounts the primary one's. Null without an
-- active integration. Times in UTC. A sealed value comes with "sealed": true; to use it, ask the API
-- (GET /v1/users/{id}/services/{service}/token).
create or replace function public.get_valid_token(user_id text, service_id text) returns jsonb
language plpgsql stable set timezone = 'UTC'
as $$
begin
  return (
    select jsonb_build_object('token', nullif(c.access_token, ''), 'refresh_token', c.refresh_token,
        'is_expired', coalesce(c.access_token, '') = '' or gatehouse.is_expired(c.expires_at, s.tokens_expire),
        'expires_at', nullif(c.expires_at, to_timestamp(0)),
        'refresh_expired', coalesce(c.status in ('expired', 'revoked'), false),
        'client_id', c.client_id, 'client_secret', c.client_secret,
        'granted_scopes', case when c.scopes <> '' then to_jsonb(string_to_array(c.scopes, ' ')) end)
      || case when gatehouse.is_sealed(c.access_token) or gatehouse.is_sealed(c.refresh_token)
        or gatehouse.is_sealed(c.client_secret) then '{"sealed": true}'::jsonb else '{}' end
      from public.user_integrations ui join public.services s on s.id = ui.service_id
      left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.primary_integration(get_valid_token.user_id, get_valid_token.service_id));
end $$;
--> statement-breakpoint
comment on function public.get_valid_token(text, text) is 'The token of a service with its expiry.';
--> statement-breakpoint
revoke all on function public.get_valid_token(text, text) from public;
--> statement-breakpoint
grant execute on function public.get_valid_token(text, text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/has_valid_token
-- Requirement 1: whether an active integration has a token that has not run out. A connection without an access token has
-- the epoch for its end.
create or replace function public.has_valid_token(user_id text, service_id text) returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select from public.user_integrations ui join public.services s on s.id = ui.service_id
      join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.primary_integration(has_valid_token.user_id, has_valid_token.service_id)
       and not gatehouse.is_expired(c.expires_at, s.tokens_expire));
end $$;
--> statement-breakpoint
comment on function public.has_valid_token(text, text) is 'Whether a service has a token that has not run out.';
--> statement-breakpoint
revoke all on function public.has_valid_token(text, text) from public;
--> statement-breakpoint
grant execute on function public.has_valid_token(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/incomplete_integrations
-- Active integrations that lack something, by id after p_after: each kind of lack has an index of its own. One row an
-- integration. Definer: administrators read no links.
create or replace function gatehouse.incomplete_integrations(
  p_service_id text, p_limit integer, p_after uuid
) returns table (integration_id uuid, issue text)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    with wanted as (select s.id, s.type, s.tokens_expire from public.services s where p_service_id is null or s.id = p_service_id),
    found as (
      (select ui.id, 'missing_token' as issue from wanted w cross join lateral (
          select i.id from public.user_integrations i where i.service_id = w.id and i.is_active and i.connection_id is null
            and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type <> 'messaging')
      union all
      (select ui.id, 'missing_external_user_id' from wanted w cross join lateral (
          select i.id from public.user_integrations i where i.service_id = w.id and i.is_active and i.external_user_id is null
            and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type = 'messaging')
      union all
      (select ui.id, case when c.status = 'error' then 'token_unreadable' else 'refresh_' || c.status end
        from public.oauth_connections c
        join public.user_integrations ui on ui.user_id = c.user_id and ui.connection_id = c.id
        join wanted w on w.id = ui.service_id
       where c.status <> 'active' and c.user_id is not null and ui.is_active and (p_after is null or ui.id > p_after)
       order by ui.id limit p_limit)
      union all
      (select ui.id, 'token_expired' from public.oauth_connections c
        join public.user_integrations ui on ui.user_id = c.user_id and ui.connection_id = c.id
        join wanted w on w.id = ui.service_id
       where c.status = 'active' and c.refresh_token is null and c.user_id is not null
         and (c.expires_at <= now() or (c.expires_at is null and w.tokens_expire))
         and ui.is_active and (p_after is null or ui.id > p_after)
       order by ui.id limit p_limit)
    )
    select distinct on (f.id) f.id, f.issue from found f order by f.id, f.issue limit p_limit;
end $$;
--> statement-breakpoint
comment on function gatehouse.incomplete_integrations(text, integer, uuid) is 'Active integrations that lack something.';
--> statement-breakpoint
revoke all on function gatehouse.incomplete_integrations(text, integer, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.incomplete_integrations(text, integer, uuid) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/integration_json
-- One integration as get_user_with_integrations shows it: keys without a value are left out, as in requirement 1.
create or replace function gatehouse.integration_json(
  p_integration public.user_integrations, p_service public.services, p_connection public.oauth_connections
) returns jsonb
language plpgsql stable
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'id', p_integration.id, 'service_id', p_service.id, 'service_name', p_service.name, 'service_type', p_service.type,
    'provider', p_service.provider, 'is_active', p_integration.is_active, 'display_label', p_integration.display_label,
    'access_token', nullif(p_connection.access_token, ''), 'refresh_token', p_connection.refresh_token,
    'token_expiration_date', nullif(p_connection.expires_at, to_timestamp(0)),
    'refresh_expired', p_connection.status in ('expired', 'revoked'), 'client_id', p_connection.client_id,
    'granted_scopes', case when p_connection.scopes <> '' then to_jsonb(string_to_array(p_connection.scopes, ' ')) end,
    'external_user_id', p_integration.external_user_id,
    'sealed', case when gatehouse.is_sealed(p_connection.access_token) or gatehouse.is_sealed(p_connection.refresh_token) then true end));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) is 'One integration as get_user_with_integrations shows it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/integrations_of
-- What an administrator sees of integrations. Definer: administrators read no links.
create or replace function gatehouse.integrations_of(
  p_ids uuid[]
) returns table (
  id uuid, user_id text, email text, service_id text, service_name text, external_user_id text, display_label text,
  updated_at timestamptz)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    select ui.id, ui.user_id, u.email::text, s.id, s.name, ui.external_user_id, ui.display_label, ui.updated_at
      from public.user_integrations ui join public.users u on u.id = ui.user_id join public.services s on s.id = ui.service_id
     where ui.id = any (p_ids);
end $$;
--> statement-breakpoint
comment on function gatehouse.integrations_of(uuid[]) is 'What an administrator sees of integrations.';
--> statement-breakpoint
revoke all on function gatehouse.integrations_of(uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.integrations_of(uuid[]) to gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/is_expired
-- Whether a token has run out. Without a recorded end it has, unless the service gives tokens without one.
create or replace function gatehouse.is_expired(p_expires_at timestamptz, p_tokens_expire boolean) returns boolean
language sql stable parallel safe
as $$
select case when p_expires_at is null then p_tokens_expire else p_expires_at <= now() end $$;
--> statement-breakpoint
comment on function gatehouse.is_expired(timestamptz, boolean) is 'Whether a token has run out.';
--> statement-breakpoint
revoke all on function gatehouse.is_expired(timestamptz, boolean) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_expired(timestamptz, boolean) to gatehouse_member, gatehouse_sql, gatehouse_system;
--> statement-breakpoint
-- function: integrations/is_sealed
-- Whether a text is a sealed value (src/lib/sealing.ts), by its prefix.
create or replace function gatehouse.is_sealed(p_value text) returns boolean
language sql immutable parallel safe
as $$ select coalesce(left(p_value, 12) = 'gatehouse:1:', false) $$;
--> statement-breakpoint
comment on function gatehouse.is_sealed(text) is 'Whether a text is a sealed value.';
--> statement-breakpoint
revoke all on function gatehouse.is_sealed(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_sealed(text) to gatehouse_member, gatehouse_sql, gatehouse_system;
--> statement-breakpoint
-- function: integrations/keep_seal
-- Refuses to give a link another account while it holds sealed values: they are sealed for the account, and would not open.
create or replace function gatehouse.keep_seal() returns trigger
language plpgsql volatile
as $$
begin
  if (old.user_id, old.service_id, old.external_user_id) is distinct from (new.user_id, new.service_id, new.external_user_id)
      and (new.auth_code = old.auth_code and gatehouse.is_sealed(new.auth_code)
        or new.credentials = old.credentials and gatehouse.is_sealed(new.credentials #>> '{}')) then
    raise exception 'Its sealed values belong to the account that it has: link the other account instead'
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_seal() is 'Refuses another account under sealed values.';
--> statement-breakpoint
revoke all on function gatehouse.keep_seal() from public;
--> statement-breakpoint
-- function: integrations/keep_tokens
-- Puts tokens that a link brought into the vault, under an account that stands for the unknown one, and answers the
-- connection. Without an access token the recorded end is the epoch: expired. The tokens are text as given.
create or replace function gatehouse.keep_tokens(
  p_link jsonb, p_integration public.user_integrations, p_connector_id text
) returns uuid
language plpgsql volatile
as $$
declare
  v_account text := gatehouse.unverified_account(p_integration.service_id, p_integration.external_user_id);
  v_is_sealed boolean := gatehouse.is_sealed(coalesce(p_link->>'access_token', p_link->>'refresh_token'));
  v_has_access boolean := coalesce(p_link->>'access_token', '') <> '';
  v_expires_at timestamptz := case when v_has_access then (p_link->>'token_expires_at')::timestamptz else to_timestamp(0) end;
  v_before public.oauth_connections;
  v public.oauth_connections;
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
      raise exception 'Another account of this service holds that grant.' using errcode = 'GH021', detail = 'integration.conflict';
    end if;
    v_account := 'unverified:' || gen_random_uuid();
  end if;
  insert into public.oauth_connections as c
    (user_id, connector_id, account_id, client_id, client_secret, access_token, refresh_token, expires_at, next_refresh_at,
     identify_at, scopes, created_by)
  values (p_integration.user_id, p_connector_id, v_account, p_link->>'client_id', p_link->>'client_secret',
    coalesce(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', ''), v_expires_at,
    now() + make_interval(secs => (p_link->>'next_refresh_in')::double precision), now(),
    coalesce(gatehouse.scopes_text(p_link->'granted_scopes'), ''), gatehouse.actor_user_id())
  on conflict (owner, connector_id, account_id) do update
    set access_token = case when v_has_access then excluded.access_token else c.access_token end,
        expires_at = case when v_has_access then excluded.expires_at else c.expires_at end,
        refresh_token = coalesce(excluded.refresh_token, case
          when excluded.client_id is null or excluded.client_id = c.client_id then c.refresh_token end),
        client_id = coalesce(excluded.client_id, c.client_id), client_secret = coalesce(excluded.client_secret, c.client_secret),
        scopes = case when gatehouse.scopes_text(p_link->'granted_scopes') is null then c.scopes else excluded.scopes end,
        next_refresh_at = excluded.next_refresh_at, identify_at = now(), status = 'active', granted_at = now(),
        version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
        failure_count = 0, failing_since = null, last_failure = null
  returning * into v;
  perform gatehouse.note_connection(v, jsonb_build_object('id', p_link->'event_id',
    'event', case when v.version = 1 then 'connected' else 'reconnected' end,
    'evidence', jsonb_build_object('service', p_integration.service_id)));
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) is 'Puts the tokens of a link into the vault.';
--> statement-breakpoint
revoke all on function gatehouse.keep_tokens(jsonb, public.user_integrations, text) from public;
--> statement-breakpoint
-- function: integrations/link_calendar_to_user
-- Requirement 1: link_service_to_user for google_calendar.
create or replace function public.link_calendar_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_calendar_to_user.user_id, service_id => 'google_calendar',
    access_token => link_calendar_to_user.access_token,
    refresh_token => link_calendar_to_user.refresh_token,
    token_expires_at => link_calendar_to_user.token_expires_at,
    client_id => link_calendar_to_user.client_id,
    client_secret => link_calendar_to_user.client_secret,
    granted_scopes => link_calendar_to_user.granted_scopes,
    external_user_id => link_calendar_to_user.external_user_id,
    display_label => link_calendar_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) is 'Links google_calendar with its tokens.';
--> statement-breakpoint
revoke all on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_connection
-- Links a service to an account that is in the vault: Gmail and Calendar of one Google account share its grant. An
-- integration that is known by that account, or by its address, is the same one.
create or replace function gatehouse.link_connection(
  p_connection public.oauth_connections, p_service_id text, p_event_id uuid
) returns uuid
language plpgsql volatile
as $$
declare
  v_service public.services := gatehouse.linkable_service(p_service_id);
  v_email text := p_connection.connector_metadata->p_connection.connector_id->>'email';
  v public.user_integrations;
begin
  if v_service.connector_id <> p_connection.connector_id then
    raise exception 'That account is not one of %', v_service.name using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  select * into v from public.user_integrations ui
   where ui.user_id = p_connection.user_id and ui.service_id = v_service.id
     and (ui.connection_id = p_connection.id or ui.external_user_id in (p_connection.account_id, v_email))
   order by ui.connection_id = p_connection.id desc nulls last, ui.created_at, ui.id limit 1;
  if v.id is null then
    insert into public.user_integrations as ui
      (user_id, service_id, connection_id, external_user_id, external_username, created_by)
    values (p_connection.user_id, v_service.id, p_connection.id, p_connection.account_id, v_email, gatehouse.actor_user_id())
    returning * into v;
  else
    update public.user_integrations ui
       set connection_id = p_connection.id, is_active = true, external_username = coalesce(v_email, ui.external_username)
     where ui.id = v.id;
  end if;
  perform gatehouse.note_integration(v, 'linked', p_event_id);
  return v.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_connection(public.oauth_connections, text, uuid) is 'Links a service to a connection of the vault.';
--> statement-breakpoint
revoke all on function gatehouse.link_connection(public.oauth_connections, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/link_gmail_to_user
-- Requirement 1: link_service_to_user for gmail.
create or replace function public.link_gmail_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_gmail_to_user.user_id, service_id => 'gmail',
    access_token => link_gmail_to_user.access_token,
    refresh_token => link_gmail_to_user.refresh_token,
    token_expires_at => link_gmail_to_user.token_expires_at,
    client_id => link_gmail_to_user.client_id,
    client_secret => link_gmail_to_user.client_secret,
    granted_scopes => link_gmail_to_user.granted_scopes,
    external_user_id => link_gmail_to_user.external_user_id,
    display_label => link_gmail_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_gmail_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) is 'Links gmail with its tokens.';
--> statement-breakpoint
revoke all on function public.link_gmail_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_gmail_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_google_calendar_to_user
-- Requirement 1: link_service_to_user for google_calendar.
create or replace function public.link_google_calendar_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_google_calendar_to_user.user_id, service_id => 'google_calendar',
    access_token => link_google_calendar_to_user.access_token,
    refresh_token => link_google_calendar_to_user.refresh_token,
    token_expires_at => link_google_calendar_to_user.token_expires_at,
    client_id => link_google_calendar_to_user.client_id,
    client_secret => link_google_calendar_to_user.client_secret,
    granted_scopes => link_google_calendar_to_user.granted_scopes,
    external_user_id => link_google_calendar_to_user.external_user_id,
    display_label => link_google_calendar_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_google_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) is 'Links google_calendar with its tokens.';
--> statement-breakpoint
revoke all on function public.link_google_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_google_calendar_to_user(text, text, text, timestamptz, text, text, jsonb, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_integration
-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not given
-- stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id, external_user_id,
-- external_username, display_label, access_token, refresh_token, token_expires_at, client_id, client_secret,
-- granted_scopes, credentials, metadata), and of the Worker's: id, event_id, next_refresh_in (seconds). Raises GH013, GH015
-- to GH018, GH021.
create or replace function gatehouse.link_integration(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := nullif(p_link->>'user_id', '');
  v_external_id text := nullif(p_link->>'external_user_id', '');
  v_has_token boolean := coalesce(nullif(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', '')) is not null;
  v_service public.services;
  v_before public.user_integrations;
  v public.user_integrations;
begin
  if v_user_id is null or nullif(p_link->>'service_id', '') is null then
    raise exception '% is missing', case when v_user_id is null then 'user_id' else 'service_id' end
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not coalesce(gatehouse.may_act_for(v_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  -- One at a time for a user: two calls that link the same account make one row.
  perform from public.users u where u.id = v_user_id for no key update;
  if not found then
    raise exception 'There is no user "%"', v_user_id using errcode = 'GH015', detail = 'user.not_found';
  end if;
  v_service := gatehouse.linkable_service(p_link->>'service_id');
  select * into v_before from public.user_integrations ui
   where ui.user_id = v_user_id and ui.service_id = v_service.id
     and (ui.external_user_id = v_external_id or (v_external_id is null and ui.external_user_id is null));
  if v_service.type = 'messaging' and v_external_id is null then
    raise exception 'external_user_id is missing: a % account is known by it', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif v_service.type <> 'messaging' and not v_has_token and v_before.connection_id is null then
    raise exception 'access_token is missing: % is linked with a token', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  insert into public.user_integrations as ui
    (id, user_id, service_id, external_user_id, external_username, display_label, credentials, metadata, created_by)
  values (coalesce((p_link->>'id')::uuid, gen_random_uuid()), v_user_id, v_service.id, v_external_id,
    nullif(p_link->>'external_username', ''), nullif(p_link->>'display_label', ''), nullif(p_link->'credentials', 'null'),
    coalesce(nullif(p_link->'metadata', 'null'), '{}'), gatehouse.actor_user_id())
  on conflict (user_id, service_id, external_user_id) do update
    set is_active = true, external_username = coalesce(excluded.external_username, ui.external_username),
        display_label = coalesce(excluded.display_label, ui.display_label),
        credentials = coalesce(excluded.credentials, ui.credentials), metadata = ui.metadata || excluded.metadata,
        created_by = coalesce(excluded.created_by, ui.created_by)
  returning * into v;
  if v_has_token then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(p_link, v, v_service.connector_id)
     where ui.id = v.id;
  end if;
  perform gatehouse.note_integration(v, 'linked', (p_link->>'event_id')::uuid);
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
-- display_label, event_id}. Raises GH016 to GH018, GH022.
create or replace function gatehouse.link_own_connection(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(jsonb_build_object('connectionId', p_link->>'connection_id'));
  v_id uuid;
begin
  if v.id is null or v.user_id is null then
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
-- function: integrations/link_service_to_user
-- Requirement 1: links an account of a service to a user and answers the integration. Linked again it is the same one;
-- what is not given stays. Errors: see gatehouse.link_integration.
create or replace function public.link_service_to_user(
  user_id text, service_id text, external_user_id text default null, external_username text default null,
  display_label text default null, access_token text default null, refresh_token text default null,
  token_expires_at timestamptz default null, client_id text default null, client_secret text default null,
  granted_scopes jsonb default null, credentials jsonb default null, metadata jsonb default null
) returns uuid
language plpgsql volatile
as $$
begin
  return gatehouse.link_integration(jsonb_build_object(
    'user_id', link_service_to_user.user_id,
    'service_id', link_service_to_user.service_id,
    'external_user_id', link_service_to_user.external_user_id,
    'external_username', link_service_to_user.external_username,
    'display_label', link_service_to_user.display_label,
    'access_token', link_service_to_user.access_token,
    'refresh_token', link_service_to_user.refresh_token,
    'token_expires_at', link_service_to_user.token_expires_at,
    'client_id', link_service_to_user.client_id,
    'client_secret', link_service_to_user.client_secret,
    'granted_scopes', link_service_to_user.granted_scopes,
    'credentials', link_service_to_user.credentials,
    'metadata', link_service_to_user.metadata));
end $$;
--> statement-breakpoint
comment on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) is 'Links an account of a service to a user.';
--> statement-breakpoint
revoke all on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function public.link_service_to_user(text, text, text, text, text, text, text, timestamptz, text, text, jsonb, jsonb, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_signal_to_user
-- Requirement 1: link_service_to_user for signal.
create or replace function public.link_signal_to_user(
  user_id text, external_user_id text, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_signal_to_user.user_id, service_id => 'signal',
    external_user_id => link_signal_to_user.external_user_id,
    display_label => link_signal_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_signal_to_user(text, text, text) is 'Links signal by its id there.';
--> statement-breakpoint
revoke all on function public.link_signal_to_user(text, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_signal_to_user(text, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_telegram_to_user
-- Requirement 1: link_service_to_user for telegram.
create or replace function public.link_telegram_to_user(
  user_id text, external_user_id text, external_username text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_telegram_to_user.user_id, service_id => 'telegram',
    external_user_id => link_telegram_to_user.external_user_id,
    external_username => link_telegram_to_user.external_username,
    display_label => link_telegram_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_telegram_to_user(text, text, text, text) is 'Links telegram by its id there.';
--> statement-breakpoint
revoke all on function public.link_telegram_to_user(text, text, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_telegram_to_user(text, text, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/link_whatsapp_to_user
-- Requirement 1: link_service_to_user for whatsapp.
create or replace function public.link_whatsapp_to_user(
  user_id text, external_user_id text, external_username text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_service_to_user(user_id => link_whatsapp_to_user.user_id, service_id => 'whatsapp',
    external_user_id => link_whatsapp_to_user.external_user_id,
    external_username => link_whatsapp_to_user.external_username,
    display_label => link_whatsapp_to_user.display_label);
end $$;
--> statement-breakpoint
comment on function public.link_whatsapp_to_user(text, text, text, text) is 'Links whatsapp by its id there.';
--> statement-breakpoint
revoke all on function public.link_whatsapp_to_user(text, text, text, text) from public;
--> statement-breakpoint
grant execute on function public.link_whatsapp_to_user(text, text, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/linkable_service
-- The service of that id, if it can be linked. Raises GH016, GH017.
create or replace function gatehouse.linkable_service(p_service_id text) returns public.services
language plpgsql stable
as $$
declare
  v public.services;
begin
  select * into v from public.services s where s.id = p_service_id;
  if v.id is null then
    raise exception 'There is no service "%"', p_service_id using errcode = 'GH016', detail = 'service.not_found';
  elsif not v.is_active then
    raise exception 'The service "%" is not active', p_service_id using errcode = 'GH017', detail = 'service.inactive';
  end if;
  return v;
end $$;
--> statement-breakpoint
comment on function gatehouse.linkable_service(text) is 'The service of an id, if it can be linked.';
--> statement-breakpoint
revoke all on function gatehouse.linkable_service(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.linkable_service(text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/may_act_for
-- Whether the caller of a definer function may change a user's integrations: it acts on that user (the gate said so), or
-- is a SQL client. `role` and `session_user` stay the caller's inside a definer function.
create or replace function gatehouse.may_act_for(p_user_id text) returns boolean
language plpgsql stable
as $$
begin
  return p_user_id = gatehouse.uid() or pg_has_role(
    case current_setting('role') when 'none' then session_user::text else current_setting('role') end, 'gatehouse_sql', 'member');
end $$;
--> statement-breakpoint
comment on function gatehouse.may_act_for(text) is 'Whether the caller may change the integrations of a user.';
--> statement-breakpoint
revoke all on function gatehouse.may_act_for(text) from public;
--> statement-breakpoint
-- function: integrations/move_integration
-- Gives an integration with its grant to another user, for SQL clients that change user_id. Only what is not sealed can
-- move, and a grant that serves no other integration. Definer: SQL clients write nothing into the vault.
create or replace function gatehouse.move_integration(p_id uuid, p_user_id text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  select * into v from public.user_integrations ui where ui.id = p_id;
  if not coalesce(gatehouse.may_act_for(v.user_id) and gatehouse.may_act_for(p_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  elsif exists (select from public.user_integrations ui where ui.user_id = v.user_id and ui.connection_id = v.connection_id
      and ui.id <> v.id) or exists (select from public.oauth_connections c where c.id = v.connection_id
      and (gatehouse.is_sealed(c.access_token) or gatehouse.is_sealed(c.refresh_token) or gatehouse.is_sealed(c.client_secret))) then
    raise exception 'Its grant is sealed for its user, or shared: link the account of the other user instead'
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  -- The foreign key carries the integration along.
  update public.oauth_connections c set user_id = p_user_id where c.id = v.connection_id;
  update public.user_integrations ui set user_id = p_user_id where ui.id = v.id and ui.user_id <> p_user_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.move_integration(uuid, text) is 'Gives an integration with its grant to another user.';
--> statement-breakpoint
revoke all on function gatehouse.move_integration(uuid, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.move_integration(uuid, text) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/note_integration
-- The event of a link, in the same transaction. Sent again with one id it is the same event.
create or replace function gatehouse.note_integration(
  p_integration public.user_integrations, p_event text, p_event_id uuid
) returns void
language plpgsql volatile
as $$
begin
  insert into public.outbox (id, type, user_id, subject_id, payload)
  values (coalesce(p_event_id, gen_random_uuid()), 'integration.' || p_event, p_integration.user_id, p_integration.id::text,
    jsonb_strip_nulls(jsonb_build_object('service', p_integration.service_id, 'externalUserId', p_integration.external_user_id)))
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_integration(public.user_integrations, text, uuid) is 'Writes the event of a link.';
--> statement-breakpoint
revoke all on function gatehouse.note_integration(public.user_integrations, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/primary_integration
-- The account of a service that is meant when none is named: the flagged, else the earliest; active ones alone.
create or replace function gatehouse.primary_integration(p_user_id text, p_service_id text) returns uuid
language plpgsql stable
as $$
begin
  return (select ui.id from public.user_integrations ui
   where ui.user_id = p_user_id and ui.service_id = p_service_id and ui.is_active
   order by (ui.metadata->'primary' = 'true') desc nulls last, ui.created_at, ui.id limit 1);
end $$;
--> statement-breakpoint
comment on function gatehouse.primary_integration(text, text) is 'The account of a service that is meant by default.';
--> statement-breakpoint
revoke all on function gatehouse.primary_integration(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.primary_integration(text, text) to gatehouse_member, gatehouse_sql, gatehouse_system;
--> statement-breakpoint
-- function: integrations/scopes_text
-- Scopes as the vault keeps them, with spaces between (RFC 6749 §3.3); null for none given.
create or replace function gatehouse.scopes_text(p_scopes jsonb) returns text
language plpgsql immutable
as $$
begin
  if p_scopes is null or p_scopes = 'null' then
    return null;
  elsif jsonb_typeof(p_scopes) <> 'array' or exists (
      select from jsonb_array_elements(p_scopes) s where jsonb_typeof(s) <> 'string' or s #>> '{}' ~ '\s') then
    raise exception 'granted_scopes: a list of texts without spaces' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  return (select coalesce(string_agg(s, ' '), '') from jsonb_array_elements_text(p_scopes) s);
end $$;
--> statement-breakpoint
comment on function gatehouse.scopes_text(jsonb) is 'Scopes as the vault keeps them.';
--> statement-breakpoint
revoke all on function gatehouse.scopes_text(jsonb) from public;
--> statement-breakpoint
-- function: integrations/unlink_calendar_from_user
-- Requirement 1: unlink_service_from_user for google_calendar.
create or replace function public.unlink_calendar_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_calendar_from_user.user_id, 'google_calendar', unlink_calendar_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_calendar_from_user(text, text) is 'Disconnects google_calendar softly.';
--> statement-breakpoint
revoke all on function public.unlink_calendar_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_calendar_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_gmail_from_user
-- Requirement 1: unlink_service_from_user for gmail.
create or replace function public.unlink_gmail_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_gmail_from_user.user_id, 'gmail', unlink_gmail_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_gmail_from_user(text, text) is 'Disconnects gmail softly.';
--> statement-breakpoint
revoke all on function public.unlink_gmail_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_gmail_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_google_calendar_from_user
-- Requirement 1: unlink_service_from_user for google_calendar.
create or replace function public.unlink_google_calendar_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_google_calendar_from_user.user_id, 'google_calendar', unlink_google_calendar_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_google_calendar_from_user(text, text) is 'Disconnects google_calendar softly.';
--> statement-breakpoint
revoke all on function public.unlink_google_calendar_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_google_calendar_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_integrations
-- Disconnects accounts of a service softly: all of them, or the one of that external id. Their tokens stay
-- in the vault, for linking again. Definer: members write no links. Answers how many were active. Raises GH013, GH015,
-- GH016, GH018.
create or replace function gatehouse.unlink_integrations(p_unlink jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := nullif(p_unlink->>'user_id', '');
  v_external_id text := nullif(p_unlink->>'external_user_id', '');
  v public.user_integrations;
  v_unlinked integer := 0;
begin
  if v_user_id is null or nullif(p_unlink->>'service_id', '') is null then
    raise exception '% is missing', case when v_user_id is null then 'user_id' else 'service_id' end
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not coalesce(gatehouse.may_act_for(v_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  perform from public.users u where u.id = v_user_id for no key update;
  if not found then
    raise exception 'There is no user "%"', v_user_id using errcode = 'GH015', detail = 'user.not_found';
  elsif not exists (select from public.services s where s.id = p_unlink->>'service_id') then
    raise exception 'There is no service "%"', p_unlink->>'service_id' using errcode = 'GH016', detail = 'service.not_found';
  end if;
  for v in update public.user_integrations ui set is_active = false
     where ui.user_id = v_user_id and ui.service_id = p_unlink->>'service_id' and ui.is_active
       and (v_external_id is null or ui.external_user_id = v_external_id)
    returning * loop
    v_unlinked := v_unlinked + 1;
    perform gatehouse.note_integration(v, 'unlinked', case when v_unlinked = 1 then (p_unlink->>'event_id')::uuid end);
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
-- function: integrations/unlink_service_from_user
-- Requirement 1: disconnects an account softly, or without its id all accounts of the service. Answers whether any was
-- active. Errors: see gatehouse.unlink_integrations.
create or replace function public.unlink_service_from_user(
  user_id text, service_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return gatehouse.unlink_integrations(jsonb_build_object('user_id', unlink_service_from_user.user_id,
    'service_id', unlink_service_from_user.service_id, 'external_user_id', unlink_service_from_user.external_user_id)) > 0;
end $$;
--> statement-breakpoint
comment on function public.unlink_service_from_user(text, text, text) is 'Disconnects accounts of a service softly.';
--> statement-breakpoint
revoke all on function public.unlink_service_from_user(text, text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_service_from_user(text, text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_signal_from_user
-- Requirement 1: unlink_service_from_user for signal.
create or replace function public.unlink_signal_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_signal_from_user.user_id, 'signal', unlink_signal_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_signal_from_user(text, text) is 'Disconnects signal softly.';
--> statement-breakpoint
revoke all on function public.unlink_signal_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_signal_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_telegram_from_user
-- Requirement 1: unlink_service_from_user for telegram.
create or replace function public.unlink_telegram_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_telegram_from_user.user_id, 'telegram', unlink_telegram_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_telegram_from_user(text, text) is 'Disconnects telegram softly.';
--> statement-breakpoint
revoke all on function public.unlink_telegram_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_telegram_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_whatsapp_from_user
-- Requirement 1: unlink_service_from_user for whatsapp.
create or replace function public.unlink_whatsapp_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(unlink_whatsapp_from_user.user_id, 'whatsapp', unlink_whatsapp_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_whatsapp_from_user(text, text) is 'Disconnects whatsapp softly.';
--> statement-breakpoint
revoke all on function public.unlink_whatsapp_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_whatsapp_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unverified_account
-- What stands for the account of a grant that came without one, until its provider was asked. Of service and external id, so
-- that the Worker can seal for it before the trip (src/domain/integrations/unverified-account.ts). The service is in it: two
-- grants are never taken for one account by guess.
create or replace function gatehouse.unverified_account(p_service_id text, p_external_user_id text) returns text
language sql immutable parallel safe
as $$
select 'unverified:' || encode(sha256(convert_to(p_service_id || ':' || coalesce(p_external_user_id, ''), 'UTF8')), 'hex')
$$;
--> statement-breakpoint
comment on function gatehouse.unverified_account(text, text) is 'The placeholder account of a grant that was given without one.';
--> statement-breakpoint
revoke all on function gatehouse.unverified_account(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.unverified_account(text, text) to gatehouse_system;
--> statement-breakpoint
-- function: integrations/update_integration
-- Changes what a user says of a link: label, username, metadata, active, primary. What is not among the keys stays; given
-- metadata replaces all but the primary flag. Definer: members write no links. p_change: {user_id, id, event_id, …}. Answers done, or
-- integration.not_found. Raises GH013, GH016, GH017.
create or replace function gatehouse.update_integration(p_change jsonb) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  if not coalesce(gatehouse.may_act_for(p_change->>'user_id'), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
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
         external_username = case when p_change ? 'external_username' then p_change->>'external_username' else ui.external_username end,
         is_active = coalesce((p_change->>'is_active')::boolean, ui.is_active),
         metadata = case when jsonb_typeof(p_change->'metadata') = 'object' then p_change->'metadata' else ui.metadata - 'primary' end
           || case when coalesce((p_change->>'is_primary')::boolean, ui.metadata->'primary' = 'true', false)
              then '{"primary": true}'::jsonb else '{}' end
   where ui.id = v.id;
  if (p_change->>'is_active')::boolean is distinct from v.is_active and p_change->>'is_active' is not null then
    perform gatehouse.note_integration(v, case when v.is_active then 'unlinked' else 'linked' end, (p_change->>'event_id')::uuid);
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
-- function: integrations/update_integration_view
-- INSTEAD OF UPDATE of a view that shows integrations with their tokens, as requirement 1 wrote the table. Invoker: the
-- client's own rights on the base table hold; tokens go through write_tokens.
create or replace function gatehouse.update_integration_view() returns trigger
language plpgsql volatile
as $$
begin
  if new.user_id is distinct from old.user_id then
    perform gatehouse.move_integration(old.id, new.user_id);
  end if;
  update public.user_integrations ui
     set id = new.id, service_id = new.service_id, is_active = new.is_active, display_label = new.display_label,
         auth_code = new.auth_code, external_user_id = new.external_user_id, external_username = new.external_username,
         credentials = new.credentials, metadata = coalesce(new.metadata, '{}'), created_at = new.created_at
   where ui.id = old.id;
  if (new.access_token, new.refresh_token, new.token_expires_at, new.refresh_expired, new.client_id, new.client_secret,
      new.granted_scopes) is distinct from (old.access_token, old.refresh_token, old.token_expires_at, old.refresh_expired,
      old.client_id, old.client_secret, old.granted_scopes) then
    perform gatehouse.write_tokens(jsonb_build_object('integration_id', new.id, 'access_token', new.access_token,
      'refresh_token', new.refresh_token, 'token_expires_at', new.token_expires_at, 'client_id', new.client_id,
      'client_secret', new.client_secret, 'granted_scopes', new.granted_scopes, 'refresh_expired', new.refresh_expired,
      'is_renewed', new.refresh_token is distinct from old.refresh_token and new.refresh_expired = old.refresh_expired));
  end if;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.update_integration_view() is 'INSTEAD OF UPDATE of a view of integrations with their tokens.';
--> statement-breakpoint
revoke all on function gatehouse.update_integration_view() from public;
--> statement-breakpoint
grant execute on function gatehouse.update_integration_view() to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/user_has_service
-- Requirement 1: whether a user has an active integration of a service.
create or replace function public.user_has_service(user_id text, service_id text) returns boolean
language plpgsql stable
as $$
#variable_conflict use_column
begin
  return exists (select from public.user_integrations ui
    where ui.user_id = user_has_service.user_id and ui.service_id = user_has_service.service_id and ui.is_active);
end $$;
--> statement-breakpoint
comment on function public.user_has_service(text, text) is 'Whether a user has a service.';
--> statement-breakpoint
revoke all on function public.user_has_service(text, text) from public;
--> statement-breakpoint
grant execute on function public.user_has_service(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/write_tokens
-- Writes the token columns of one integration as a SQL client gave them, as text: where it has a grant in the vault, there;
-- else into a new one whose account nobody knows. With neither token the grant goes. Definer: SQL clients write nothing into
-- the vault. p_row: {integration_id, access_token, refresh_token, token_expires_at, refresh_expired, client_id,
-- client_secret, granted_scopes, is_renewed (the refresh token is another one)}.
create or replace function gatehouse.write_tokens(p_row jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
  v_access text := nullif(p_row->>'access_token', '');
  v_refresh text := nullif(p_row->>'refresh_token', '');
begin
  select * into v from public.user_integrations ui where ui.id = (p_row->>'integration_id')::uuid;
  if not coalesce(gatehouse.may_act_for(v.user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  elsif coalesce(v_access, v_refresh, nullif(p_row->>'client_secret', '')) is null then
    update public.user_integrations ui set connection_id = null where ui.id = v.id and ui.connection_id is not null;
    return;
  elsif v.connection_id is null then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(p_row, v,
      (select s.connector_id from public.services s where s.id = v.service_id)) where ui.id = v.id
    returning * into v;
  end if;
  update public.oauth_connections c
     set access_token = coalesce(v_access, ''), refresh_token = v_refresh, client_id = p_row->>'client_id',
         client_secret = nullif(p_row->>'client_secret', ''),
         expires_at = case when v_access is null then to_timestamp(0) else (p_row->>'token_expires_at')::timestamptz end,
         scopes = coalesce(gatehouse.scopes_text(p_row->'granted_scopes'), ''),
         status = case when (p_row->>'refresh_expired')::boolean and not coalesce((p_row->>'is_renewed')::boolean, false)
           then 'expired'::public.oauth_status else 'active' end,
         next_refresh_at = null, version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.user_id = v.user_id and c.id = v.connection_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.write_tokens(jsonb) is 'Writes the token columns of one integration as a SQL client gave them.';
--> statement-breakpoint
revoke all on function gatehouse.write_tokens(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.write_tokens(jsonb) to gatehouse_sql;
