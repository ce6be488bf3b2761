-- function: auth/strip_unproven
-- Ends what a person added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens, integrations, connections. What a trusted backend brought (nobody's `created_by`) stays: legacy data
-- waits for its owner so. Whoever put the rest there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3:
-- an account made ready in advance for somebody else's address). Who is signed in proves an address by change_email.
create or replace function gatehouse.strip_unproven(p_user_id text) returns void
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = p_user_id and s.revoked_at is null order by s.id for update);
  update public.api_tokens set revoked_at = now() where user_id = p_user_id and revoked_at is null;
  delete from public.passkeys where user_id = p_user_id;
  delete from public.oauth_accounts where user_id = p_user_id;
  delete from public.known_devices where user_id = p_user_id;
  delete from public.user_integrations where user_id = p_user_id and created_by is not null;
  for v in select * from public.oauth_connections c
      where c.user_id = p_user_id and c.created_by is not null order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven(text) is 'Ends what was added to an account before its address was proven.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven(text) to gatehouse_system;
--> statement-breakpoint
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
-- function: integrations/begin_linking
-- What linking and unlinking begin with: the keys are there and fit, the caller may act for the user, and the user is there
-- and locked: one at a time for a user, so that two calls that link the same account make one row. Raises GH013, GH015,
-- GH018.
create or replace function gatehouse.begin_linking(p_link jsonb) returns void
language plpgsql volatile
as $$
declare
  v_user_id text := nullif(p_link->>'user_id', '');
begin
  perform gatehouse.check_link(p_link);
  if v_user_id is null or nullif(p_link->>'service_id', '') is null then
    raise exception '% is missing', case when v_user_id is null then 'user_id' else 'service_id' end
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not coalesce(gatehouse.may_act_for(v_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  perform from public.users u where u.id = v_user_id for no key update;
  if not found then
    raise exception 'There is no user "%"', v_user_id using errcode = 'GH015', detail = 'user.not_found';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_linking(jsonb) is 'What linking and unlinking begin with.';
--> statement-breakpoint
revoke all on function gatehouse.begin_linking(jsonb) from public;
--> statement-breakpoint
-- function: integrations/bulk_link_services_to_user
-- Requirement 1: links many services at once, each item by itself: see gatehouse.change_services. Items have the keys of
-- link_service_to_user.
create or replace function public.bulk_link_services_to_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.change_services('link', bulk_link_services_to_user.user_id, services_json);
end $$;
--> statement-breakpoint
comment on function public.bulk_link_services_to_user(text, jsonb) is 'Links many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_link_services_to_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_link_services_to_user(text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/bulk_unlink_services_from_user
-- Requirement 1: unlinks many services at once, each item by itself: see gatehouse.change_services. Items have the keys of
-- unlink_service_from_user.
create or replace function public.bulk_unlink_services_from_user(user_id text, services_json jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.change_services('unlink', bulk_unlink_services_from_user.user_id, services_json);
end $$;
--> statement-breakpoint
comment on function public.bulk_unlink_services_from_user(text, jsonb) is 'Unlinks many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_unlink_services_from_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_unlink_services_from_user(text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/change_services
-- Links or unlinks (p_verb) many services of a user. Each item stands by itself: a bad one is reported with its index
-- (from 0), code and reason, and spoils no other. A bare text is a service id. Answers {total, succeeded, failed, results:
-- [{index, service_id, success, integration_id | unlinked | code, error}]}. Raises GH018 where there is no list.
create or replace function gatehouse.change_services(p_verb text, p_user_id text, p_services jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_item jsonb;
  v_index integer;
  v_done integer := 0;
  v_results jsonb[] := '{}';
  v_code text;
begin
  if coalesce(jsonb_typeof(p_services), 'null') <> 'array' then
    raise exception 'services_json: a list of services' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  for v_item, v_index in
      select e.value, e.ordinality - 1 from jsonb_array_elements(p_services) with ordinality e loop
    begin
      if jsonb_typeof(v_item) = 'string' then
        v_item := jsonb_build_object('service_id', v_item);
      elsif jsonb_typeof(v_item) <> 'object' then
        raise exception 'An item is an object with service_id'
          using errcode = 'GH018', detail = 'integration.incomplete';
      end if;
      v_item := v_item || jsonb_build_object('user_id', p_user_id);
      v_results := v_results || (jsonb_build_object(
        'index', v_index, 'service_id', v_item->'service_id', 'success', true) || case p_verb
          when 'link' then jsonb_build_object('integration_id', gatehouse.link_integration(v_item))
          when 'unlink' then jsonb_build_object('unlinked', gatehouse.unlink_integrations(v_item)) end);
      v_done := v_done + 1;
    exception when others then
      -- An item's own fault is reported with it; anything else (a deadlock, a full disk) is nobody's item.
      if left(sqlstate, 2) not in ('GH', '22', '23') then
        raise;
      end if;
      get stacked diagnostics v_code = pg_exception_detail;
      v_results := v_results || jsonb_build_object(
        'index', v_index, 'service_id', v_item->'service_id', 'success', false,
        'code', case when left(sqlstate, 2) = 'GH' then v_code else 'input.invalid' end, 'error', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('total', jsonb_array_length(p_services), 'succeeded', v_done,
    'failed', jsonb_array_length(p_services) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function gatehouse.change_services(text, text, jsonb) is 'Links or unlinks many services of a user.';
--> statement-breakpoint
revoke all on function gatehouse.change_services(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.change_services(text, text, jsonb) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/check_link
-- Refuses what no link can hold, and names the key: a text that is none or is too long, metadata that is no object, a
-- time that is none. p_link: what link_integration takes, or a part of it. Raises GH018.
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
-- Requirement 1: deletes integrations that hold nothing; dry unless told otherwise. Answers {dry_run, orphaned,
-- deleted, has_more, integration_ids (the first hundred)}; call it again while there are more.
create or replace function public.cleanup_orphaned_integrations(
  dry_run boolean default true, max_rows integer default 1000
) returns jsonb
language plpgsql volatile
as $$
begin
  return gatehouse.cleanup_integrations(
    coalesce(dry_run, true), least(greatest(coalesce(max_rows, 1000), 1), 10000));
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
-- Requirement 1: active integrations that lack something, in the order of their ids, at most max_rows (10,000):
-- missing_token, missing_external_user_id, token_expired (nothing to refresh it with), refresh_expired,
-- refresh_revoked, token_unreadable. The next page begins after the last integration_id. Raises GH016.
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
    from gatehouse.incomplete_integrations(find_incomplete_integrations.service_id,
      least(greatest(coalesce(max_rows, 1000), 1), 10000), after_id) i;
  return query
    select o.user_id, o.email, o.id, o.service_id, o.service_name, f.issue, o.external_user_id, o.display_label,
        o.updated_at
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
-- Requirement 1: counts over a user's integrations; tokens, services and types of the active ones. Times in UTC. Zeros
-- for a user without any.
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
-- Requirement 1: the token of a service with its expiry, as stored; of several accounts the primary one's. Null without
-- an active integration. Times in UTC. A sealed value comes with "sealed": true; to use it, ask the API
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
-- Requirement 1: whether an active integration has a token that has not run out. A connection without an access token
-- has the epoch for its end.
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
-- integration. `offset 0` keeps each grant's integration a look-up of its own: what is asked costs what lacks
-- something, not what there is. Definer: administrators read no links.
create or replace function gatehouse.incomplete_integrations(
  p_service_id text, p_limit integer, p_after uuid
) returns table (integration_id uuid, issue text)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
    with wanted as materialized (
      select s.id, s.type, s.tokens_expire from public.services s where p_service_id is null or s.id = p_service_id
    ), broken as (
      select ui.id, ui.service_id, ui.issue
        from public.oauth_connections c cross join lateral (
          select i.id, i.service_id, case when c.status = 'error' then 'token_unreadable'
              else 'refresh_' || c.status end as issue
            from public.user_integrations i
           where i.user_id = c.user_id and i.connection_id = c.id and i.is_active
             and (p_after is null or i.id > p_after) offset 0) ui
       where c.status <> 'active' and c.user_id is not null
    ), ended as (
      select ui.id, ui.service_id, c.expires_at
        from public.oauth_connections c cross join lateral (
          select i.id, i.service_id from public.user_integrations i
           where i.user_id = c.user_id and i.connection_id = c.id and i.is_active
             and (p_after is null or i.id > p_after) offset 0) ui
       where c.status = 'active' and c.refresh_token is null and c.user_id is not null
         and (c.expires_at <= now() or c.expires_at is null)
    ), found as (
      (select ui.id, 'missing_token' as issue from wanted w cross join lateral (
          select i.id from public.user_integrations i
           where i.service_id = w.id and i.is_active and i.connection_id is null
             and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type <> 'messaging')
      union all
      (select ui.id, 'missing_external_user_id' from wanted w cross join lateral (
          select i.id from public.user_integrations i
           where i.service_id = w.id and i.is_active and i.external_user_id is null
             and (p_after is null or i.id > p_after) order by i.id limit p_limit) ui
        where w.type = 'messaging')
      union all
      (select b.id, b.issue from broken b join wanted w on w.id = b.service_id order by b.id limit p_limit)
      union all
      (select e.id, 'token_expired' from ended e join wanted w on w.id = e.service_id
        where e.expires_at is not null or w.tokens_expire order by e.id limit p_limit)
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
    'sealed', case when gatehouse.is_sealed(p_connection.access_token)
      or gatehouse.is_sealed(p_connection.refresh_token) then true end));
end $$;
--> statement-breakpoint
comment on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) is 'One integration as get_user_with_integrations shows it.';
--> statement-breakpoint
revoke all on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.integration_json(public.user_integrations, public.services, public.oauth_connections) to gatehouse_sql;
--> statement-breakpoint
-- function: integrations/integrations_of
-- What an administrator sees of integrations. `offset 0`: each is looked up, however many there are. Definer:
-- administrators read no links.
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
      from unnest(p_ids) wanted (id)
      cross join lateral (select i.* from public.user_integrations i where i.id = wanted.id offset 0) ui
      cross join lateral (select p.email from public.users p where p.id = ui.user_id offset 0) u
      join public.services s on s.id = ui.service_id;
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
-- Refuses to give a link another account while it holds sealed values: they are sealed for the account, and would not
-- open.
create or replace function gatehouse.keep_seal() returns trigger
language plpgsql volatile
as $$
begin
  if (old.user_id, old.service_id, old.external_user_id)
        is distinct from (new.user_id, new.service_id, new.external_user_id)
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
  v_access text := nullif(p_link->>'access_token', '');
  v_refresh text := nullif(p_link->>'refresh_token', '');
  v_is_sealed boolean := gatehouse.is_sealed(coalesce(v_access, v_refresh));
  v_expires_at timestamptz := case when v_access is null then to_timestamp(0)
    else nullif(p_link->>'token_expires_at', '')::timestamptz end;
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
      raise exception 'Another account of this service holds that grant'
        using errcode = 'GH021', detail = 'integration.conflict';
    end if;
    v_account := 'unverified:' || gen_random_uuid();
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
-- Requirement 1: link_google_calendar_to_user by the short name that get_calendar_token has.
create or replace function public.link_calendar_to_user(
  user_id text, access_token text, refresh_token text default null, token_expires_at timestamptz default null,
  client_id text default null, client_secret text default null, granted_scopes jsonb default null,
  external_user_id text default null, display_label text default null
) returns uuid
language plpgsql volatile
as $$
begin
  return public.link_google_calendar_to_user($1, $2, $3, $4, $5, $6, $7, $8, $9);
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
    raise exception 'That account is not one of %', v_service.name
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  select * into v from public.user_integrations ui
   where ui.user_id = p_connection.user_id and ui.service_id = v_service.id
     and (ui.connection_id = p_connection.id or ui.external_user_id in (p_connection.account_id, v_email))
   order by ui.connection_id = p_connection.id desc nulls last, ui.created_at, ui.id limit 1;
  if v.id is null then
    insert into public.user_integrations as ui
      (user_id, service_id, connection_id, external_user_id, external_username, created_by)
    values (p_connection.user_id, v_service.id, p_connection.id, p_connection.account_id, v_email,
      gatehouse.actor_user_id())
    returning * into v;
  else
    update public.user_integrations ui
       set connection_id = p_connection.id, is_active = true,
           external_username = coalesce(v_email, ui.external_username)
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
-- Links an account of a service to a user, or links it again: one row, with and without an account id. What is not
-- given stays. Definer: members write no tokens. p_link has the keys of requirement 1 (user_id, service_id,
-- external_user_id, external_username, display_label, access_token, refresh_token, token_expires_at, client_id,
-- client_secret, granted_scopes, credentials, metadata), and of the Worker's, which a SQL client's are not taken for:
-- id, event_id, next_refresh_in (seconds), sealed_for (the connector its tokens are sealed for: the Worker seals before
-- it knows the catalogue). Raises GH013, GH015 to GH018, GH020, GH021.
create or replace function gatehouse.link_integration(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := p_link->>'user_id';
  v_external_id text := nullif(p_link->>'external_user_id', '');
  v_has_token boolean :=
    coalesce(nullif(p_link->>'access_token', ''), nullif(p_link->>'refresh_token', '')) is not null;
  v_link jsonb :=
    case when gatehouse.uid() is null then p_link - '{id,event_id,next_refresh_in,sealed_for}'::text[] else p_link end;
  v_service public.services;
  v_before public.user_integrations;
  v public.user_integrations;
begin
  perform gatehouse.begin_linking(p_link);
  v_service := gatehouse.linkable_service(p_link->>'service_id');
  if v_link->>'sealed_for' <> v_service.connector_id then
    raise exception 'The tokens are sealed for another connector than that of %', v_service.name
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
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
  if v_has_token then
    update public.user_integrations ui set connection_id = gatehouse.keep_tokens(v_link, v, v_service.connector_id)
     where ui.id = v.id;
  end if;
  perform gatehouse.note_integration(v, 'linked', (v_link->>'event_id')::uuid);
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
-- Whether the caller of a definer function may change a user's integrations: it acts on that user (the gate said so),
-- or is a SQL client. `role` and `session_user` stay the caller's inside a definer function.
create or replace function gatehouse.may_act_for(p_user_id text) returns boolean
language plpgsql stable
as $$
begin
  return p_user_id = gatehouse.uid() or pg_has_role(
    coalesce(nullif(current_setting('role'), 'none'), session_user), 'gatehouse_sql', 'member');
end $$;
--> statement-breakpoint
comment on function gatehouse.may_act_for(text) is 'Whether the caller may change the integrations of a user.';
--> statement-breakpoint
revoke all on function gatehouse.may_act_for(text) from public;
--> statement-breakpoint
-- function: integrations/move_integration
-- Gives an integration with its grant to another user, for SQL clients that change user_id. A grant can move if it was
-- brought (one that its user gave in a browser may be a way in as well), is not sealed, and serves no other
-- integration. Definer: SQL clients write nothing into the vault. Raises GH020.
create or replace function gatehouse.move_integration(p_id uuid, p_user_id text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  select * into v from public.user_integrations ui where ui.id = p_id;
  if not coalesce(gatehouse.may_act_for(v.user_id) and gatehouse.may_act_for(p_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  elsif exists (select from public.user_integrations ui
      where ui.user_id = v.user_id and ui.connection_id = v.connection_id and ui.id <> v.id)
      or exists (select from public.oauth_connections c where c.id = v.connection_id
        and (c.account_id not like 'unverified:%' or gatehouse.is_sealed(c.access_token)
          or gatehouse.is_sealed(c.refresh_token) or gatehouse.is_sealed(c.client_secret))) then
    raise exception 'Its grant is proven, sealed or shared: link the account of the other user instead'
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
  values (coalesce(p_event_id, gen_random_uuid()), 'integration.' || p_event, p_integration.user_id,
    p_integration.id::text, jsonb_strip_nulls(jsonb_build_object('service', p_integration.service_id,
      'externalUserId', p_integration.external_user_id)))
  on conflict (id) do nothing;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_integration(public.user_integrations, text, uuid) is 'Writes the event of a link.';
--> statement-breakpoint
revoke all on function gatehouse.note_integration(public.user_integrations, text, uuid) from public;
--> statement-breakpoint
-- function: integrations/own_integration
-- The active integration of this transaction's subject that a request for a service means: of that account, or without
-- one the primary. Null when there is none.
create or replace function gatehouse.own_integration(p_service_id text, p_external_user_id text) returns uuid
language plpgsql stable
as $$
begin
  if p_external_user_id is null then
    return gatehouse.primary_integration(gatehouse.uid(), p_service_id);
  end if;
  return (select ui.id from public.user_integrations ui
    where ui.user_id = gatehouse.uid() and ui.service_id = p_service_id and ui.external_user_id = p_external_user_id
      and ui.is_active);
end $$;
--> statement-breakpoint
comment on function gatehouse.own_integration(text, text) is 'The integration of the subject that a request means.';
--> statement-breakpoint
revoke all on function gatehouse.own_integration(text, text) from public;
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
      select from jsonb_array_elements(p_scopes) s where jsonb_typeof(s) <> 'string' or s #>> '{}' !~ '^\S+$') then
    raise exception 'granted_scopes: a list of texts without spaces'
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  return (select coalesce(string_agg(s, ' '), '') from jsonb_array_elements_text(p_scopes) s);
end $$;
--> statement-breakpoint
comment on function gatehouse.scopes_text(jsonb) is 'Scopes as the vault keeps them.';
--> statement-breakpoint
revoke all on function gatehouse.scopes_text(jsonb) from public;
--> statement-breakpoint
-- function: integrations/service_grant
-- What a token of a linked service comes with, in one transaction with gatehouse.read_token: {hasGrant, canRefresh,
-- tokensExpire, expiresAt, clientId, scopes}. Null without an active integration. Definer: members read no client.
create or replace function gatehouse.service_grant(p_service_id text, p_external_user_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('hasGrant', c.id is not null, 'canRefresh', c.refresh_token is not null,
        'tokensExpire', s.tokens_expire, 'expiresAt', nullif(c.expires_at, to_timestamp(0)), 'clientId', c.client_id,
        'scopes', nullif(c.scopes, ''))
      from public.user_integrations ui join public.services s on s.id = ui.service_id
      left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.own_integration(p_service_id, p_external_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.service_grant(text, text) is 'What a token of a linked service comes with.';
--> statement-breakpoint
revoke all on function gatehouse.service_grant(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.service_grant(text, text) to gatehouse_member;
--> statement-breakpoint
-- function: integrations/unlink_calendar_from_user
-- Requirement 1: unlink_service_from_user for google_calendar.
create or replace function public.unlink_calendar_from_user(
  user_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return public.unlink_service_from_user(
    unlink_calendar_from_user.user_id, 'google_calendar', unlink_calendar_from_user.external_user_id);
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
  return public.unlink_service_from_user(
    unlink_gmail_from_user.user_id, 'gmail', unlink_gmail_from_user.external_user_id);
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
  return public.unlink_service_from_user(
    unlink_google_calendar_from_user.user_id, 'google_calendar', unlink_google_calendar_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_google_calendar_from_user(text, text) is 'Disconnects google_calendar softly.';
--> statement-breakpoint
revoke all on function public.unlink_google_calendar_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_google_calendar_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unlink_integrations
-- Disconnects accounts of a service softly: all of them, or the one of that external id (an empty one is refused: a
-- variable that was never filled does not mean all). Their tokens stay in the vault, for linking again. Definer:
-- members write no links. p_unlink: {user_id, service_id, external_user_id}, and of the Worker's: event_id. Answers how
-- many were active. Raises GH013, GH015, GH016, GH018.
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
-- function: integrations/unlink_service_from_user
-- Requirement 1: disconnects an account softly, or without its id all accounts of the service. Answers whether any was
-- active. Errors: see gatehouse.unlink_integrations.
create or replace function public.unlink_service_from_user(
  user_id text, service_id text, external_user_id text default null
) returns boolean
language plpgsql volatile
as $$
begin
  return gatehouse.unlink_integrations(jsonb_build_object(
    'user_id', unlink_service_from_user.user_id,
    'service_id', unlink_service_from_user.service_id,
    'external_user_id', unlink_service_from_user.external_user_id)) > 0;
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
  return public.unlink_service_from_user(
    unlink_signal_from_user.user_id, 'signal', unlink_signal_from_user.external_user_id);
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
  return public.unlink_service_from_user(
    unlink_telegram_from_user.user_id, 'telegram', unlink_telegram_from_user.external_user_id);
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
  return public.unlink_service_from_user(
    unlink_whatsapp_from_user.user_id, 'whatsapp', unlink_whatsapp_from_user.external_user_id);
end $$;
--> statement-breakpoint
comment on function public.unlink_whatsapp_from_user(text, text) is 'Disconnects whatsapp softly.';
--> statement-breakpoint
revoke all on function public.unlink_whatsapp_from_user(text, text) from public;
--> statement-breakpoint
grant execute on function public.unlink_whatsapp_from_user(text, text) to gatehouse_member, gatehouse_sql;
--> statement-breakpoint
-- function: integrations/unverified_account
-- What stands for the account of a grant that came without one, until its provider was asked. Of service and external
-- id, so that the Worker can seal for it before the trip (src/domain/integrations/unverified-account.ts). The service
-- is in it: two grants are never taken for one account by guess.
create or replace function gatehouse.unverified_account(p_service_id text, p_external_user_id text) returns text
language sql immutable parallel safe
as $$
select 'unverified:' || encode(
  sha256(convert_to(p_service_id || ':' || coalesce(p_external_user_id, ''), 'UTF8')), 'hex')
$$;
--> statement-breakpoint
comment on function gatehouse.unverified_account(text, text) is 'The placeholder account of a grant that was given without one.';
--> statement-breakpoint
revoke all on function gatehouse.unverified_account(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.unverified_account(text, text) to gatehouse_system;
--> statement-breakpoint
-- function: integrations/update_integration
-- Changes what a user says of a link: label, username, metadata, active, primary. What is not among the keys stays;
-- given metadata replaces all but the primary flag. Definer: members write no links. p_change: {user_id, id, event_id,
-- display_label, external_username, metadata, is_active, is_primary}. Answers done, or integration.not_found. Raises
-- GH013, GH016 to GH018.
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
  if (p_change->>'is_active')::boolean is distinct from v.is_active and p_change->>'is_active' is not null then
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
         auth_code = new.auth_code, external_user_id = new.external_user_id,
         external_username = new.external_username, credentials = new.credentials,
         metadata = coalesce(new.metadata, '{}'), created_at = new.created_at
   where ui.id = old.id;
  if (new.access_token, new.refresh_token, new.token_expires_at, new.refresh_expired, new.client_id,
        new.client_secret, new.granted_scopes)
      is distinct from (old.access_token, old.refresh_token, old.token_expires_at, old.refresh_expired, old.client_id,
        old.client_secret, old.granted_scopes) then
    perform gatehouse.write_tokens(jsonb_build_object('integration_id', new.id, 'access_token', new.access_token,
      'refresh_token', new.refresh_token, 'token_expires_at', new.token_expires_at, 'client_id', new.client_id,
      'client_secret', new.client_secret, 'granted_scopes', new.granted_scopes, 'refresh_expired', new.refresh_expired,
      'is_renewed', new.refresh_token is distinct from old.refresh_token
        and new.refresh_expired = old.refresh_expired));
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
-- Writes the token columns of one integration as a SQL client gave them, as text: where it has a grant in the vault,
-- there; else into a new one whose account nobody knows. With neither token nor secret the integration has no grant any
-- more. Definer: SQL clients write nothing into the vault. p_row: {integration_id, access_token, refresh_token,
-- token_expires_at, refresh_expired, client_id, client_secret, granted_scopes, is_renewed (the refresh token is another
-- one)}.
create or replace function gatehouse.write_tokens(p_row jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
  v_access text := nullif(p_row->>'access_token', '');
  v_refresh text := nullif(p_row->>'refresh_token', '');
begin
  perform gatehouse.check_link(p_row);
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
     set access_token = coalesce(v_access, ''), refresh_token = v_refresh,
         client_id = nullif(p_row->>'client_id', ''), client_secret = nullif(p_row->>'client_secret', ''),
         expires_at = case when v_access is null then to_timestamp(0)
           else nullif(p_row->>'token_expires_at', '')::timestamptz end,
         scopes = coalesce(gatehouse.scopes_text(p_row->'granted_scopes'), ''),
         status = case
           when not (p_row->>'refresh_expired')::boolean or (p_row->>'is_renewed')::boolean then 'active'
           when (p_row->>'refresh_expired')::boolean and c.status <> 'revoked' then 'expired'
           else c.status end,
         next_refresh_at = null, version = c.version + 1,
         lease_id = null, lease_until = null, lease_doubtful = false,
         failure_count = 0, failing_since = null, last_failure = null
   where c.user_id = v.user_id and c.id = v.connection_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.write_tokens(jsonb) is 'Writes the token columns of one integration as a SQL client gave them.';
--> statement-breakpoint
revoke all on function gatehouse.write_tokens(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.write_tokens(jsonb) to gatehouse_sql;
--> statement-breakpoint
-- function: oauth/begin_connect
-- Stores the state of a redirect that will connect an account, for ten minutes: of the person who began it, for the subject.
-- p_state: {id, stateHash, connector, connectors, browserHash, redirectUrl, request: {scopes, parameters, connectionId,
-- service}}. A service gives the connector, where none is named, and adds its scopes; only users link services.
-- `connectors`: those that are set up, each with the scopes that the deployment needs. To connect again asks for what the
-- connection has, and more. Sent again with one id it is the same state, if all else is the same. Answers {outcome: begun |
-- an error code, connector, request, email}. Raises GH016, GH017.
create or replace function gatehouse.begin_connect(p_state jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request jsonb := p_state->'request';
  v_connector text := p_state->>'connector';
  v_service public.services;
  v public.oauth_connections;
begin
  if v_request->>'service' is not null then
    v_service := gatehouse.linkable_service(v_request->>'service');
    if gatehouse.uid() is null or v_connector <> v_service.connector_id then
      return '{"outcome": "input.invalid"}';
    end if;
    v_connector := v_service.connector_id;
  end if;
  if v_connector is null or not coalesce(p_state->'connectors' ? v_connector, true) then
    return '{"outcome": "provider.unknown"}';
  end if;
  if v_request->>'connectionId' is not null then
    v := gatehouse.own_connection(jsonb_build_object('connectionId', v_request->'connectionId'));
    if v.id is null or v.connector_id <> v_connector then
      return '{"outcome": "connection.not_found"}';
    end if;
    v_request := v_request || jsonb_build_object('parameters', v.parameters);
  end if;
  v_request := v_request || jsonb_build_object('scopes', (
    select coalesce(jsonb_agg(distinct s order by s), '[]') from (
      select jsonb_array_elements_text(v_request->'scopes') as s
      union select jsonb_array_elements_text(coalesce(p_state->'connectors'->v_connector, '[]'))
      union select jsonb_array_elements_text(coalesce(v_service.scopes, '[]'))
      union select s from regexp_split_to_table(v.scopes, ' ') s where s <> '') asked));
  insert into public.oauth_states
    (id, state_hash, purpose, connector, user_id, organization_id, request, browser_hash, redirect_url, expires_at)
  values ((p_state->>'id')::uuid, p_state->>'stateHash', 'connect', v_connector, gatehouse.actor_user_id(),
    gatehouse.organization_id(), v_request, p_state->>'browserHash', p_state->>'redirectUrl',
    now() + interval '10 minutes')
  on conflict (id) do nothing;
  if not found and not exists (select from public.oauth_states s
      where s.id = (p_state->>'id')::uuid and s.connector = v_connector and s.request = v_request
        and s.user_id = gatehouse.actor_user_id() and s.organization_id is not distinct from gatehouse.organization_id()
        and s.redirect_url is not distinct from p_state->>'redirectUrl') then
    return '{"outcome": "idempotency_key.reused"}';
  end if;
  return jsonb_build_object('outcome', 'begun', 'connector', v_connector, 'request', v_request, 'email',
    v.connector_metadata->v.connector_id->>'email');
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_connect(jsonb) is 'Stores the state of a redirect that will connect an account.';
--> statement-breakpoint
revoke all on function gatehouse.begin_connect(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_connect(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/can_become
-- Whether a new grant may take the place of a connection that was brought without an account: none of its links knows
-- another account. p_grant: see store_connection.
create or replace function gatehouse.can_become(p_connection public.oauth_connections, p_grant jsonb) returns boolean
language plpgsql stable
as $$
begin
  return p_connection.account_id like 'unverified:%' and p_connection.connector_id = p_grant->>'connector'
    and not exists (select from public.user_integrations ui
      where ui.user_id = p_connection.user_id and ui.connection_id = p_connection.id
        and ui.external_user_id <> p_grant->>'accountId'
        and lower(ui.external_user_id) is distinct from lower(p_grant->'metadata'->p_connection.connector_id->>'email'));
end $$;
--> statement-breakpoint
comment on function gatehouse.can_become(public.oauth_connections, jsonb) is 'Whether a grant may take the place of one without an account.';
--> statement-breakpoint
revoke all on function gatehouse.can_become(public.oauth_connections, jsonb) from public;
--> statement-breakpoint
-- function: oauth/can_replace
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
--> statement-breakpoint
-- function: oauth/claim_unidentified
-- Takes connections for one worker whose account is to be asked for: for ten minutes, in which it settles them. Answers
-- them as sealed_connection does.
create or replace function gatehouse.claim_unidentified(p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_claimed jsonb;
begin
  with due as (
    select id from public.oauth_connections where identify_at <= now()
     order by identify_at limit p_limit for update skip locked
  ), claimed as (
    update public.oauth_connections c set identify_at = now() + interval '10 minutes'
      from due where c.id = due.id returning gatehouse.sealed_connection(c) as sealed
  )
  select coalesce(jsonb_agg(sealed), '[]') into v_claimed from claimed;
  return v_claimed;
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
  delete from public.connector_breakers where connector_id = v.connector_id and client_id = coalesce(v.client_id, '');
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
-- function: oauth/credentials_text
-- Credentials of an integration as the text that is sealed: the envelope of sealed ones, else their JSON.
create or replace function gatehouse.credentials_text(p_credentials jsonb) returns text
language sql immutable parallel safe
as $$
select case when gatehouse.is_sealed(p_credentials #>> '{}') then p_credentials #>> '{}' else p_credentials::text end
$$;
--> statement-breakpoint
comment on function gatehouse.credentials_text(jsonb) is 'Credentials of an integration as the text that is sealed.';
--> statement-breakpoint
revoke all on function gatehouse.credentials_text(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.credentials_text(jsonb) to gatehouse_system;
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
-- function: oauth/identify_connection
-- The provider said whose account a brought grant is of. p_identity: {id, version, accountId, email, metadata,
-- nextRefreshIn (seconds; for one that nothing renewed yet), deploymentClient, from: {field: text}, to: {field: text
-- sealed for the account}}. Where its owner has that account already, the two become one only if nothing is lost by it:
-- see can_replace; and the other has worked at its provider since this one came, which is waited for. Else they stay
-- apart, and the account is noted. Answers identified; merged; apart; superseded: the row moved on, is being refreshed, or
-- waits for the other, and is asked again.
create or replace function gatehouse.identify_connection(p_identity jsonb) returns text
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_other public.oauth_connections;
  v_account text := p_identity->>'accountId';
  v_from jsonb := p_identity->'from';
  v_to jsonb := p_identity->'to';
begin
  -- As store_connection does, so that one account is never stored twice.
  perform from public.users u where u.id = (
    select c.user_id from public.oauth_connections c where c.id = (p_identity->>'id')::uuid) for no key update;
  select * into v from public.oauth_connections c where c.id = (p_identity->>'id')::uuid for update;
  -- Who refreshes it now will store a token that is sealed for the account it had.
  if v.id is null or v.version <> (p_identity->>'version')::bigint or v.lease_id is not null
      or (v.access_token, v.refresh_token, v.client_secret) is distinct from
         (v_from->>'access_token', v_from->>'refresh_token', v_from->>'client_secret') then
    return 'superseded';
  end if;
  select * into v_other from public.oauth_connections c
   where c.owner = v.owner and c.connector_id = v.connector_id and c.account_id = v_account and c.id <> v.id for update;
  if v_other.id is null then
    update public.oauth_connections c
       set account_id = v_account, connector_metadata = c.connector_metadata || (p_identity->'metadata'), identify_at = null,
           access_token = v_to->>'access_token', refresh_token = v_to->>'refresh_token', client_secret = v_to->>'client_secret',
           next_refresh_at = case when c.next_refresh_at is null and c.status = 'active'
             then now() + make_interval(secs => (p_identity->>'nextRefreshIn')::double precision) else c.next_refresh_at end
     where c.id = v.id returning * into v;
  elsif gatehouse.can_replace(v_other, v, p_identity->>'deploymentClient')
      and greatest(v_other.granted_at, v_other.last_refresh_at) < v.granted_at and v_other.next_refresh_at is not null then
    update public.oauth_connections c set identify_at = greatest(now(), v_other.next_refresh_at) + interval '5 minutes'
     where c.id = v.id;
    return 'superseded';
  elsif gatehouse.can_replace(v_other, v, p_identity->>'deploymentClient')
      and greatest(v_other.granted_at, v_other.last_refresh_at) >= v.granted_at then
    -- A trigger drops a brought grant with its last link.
    update public.user_integrations ui set connection_id = v_other.id
     where ui.user_id = v.user_id and ui.connection_id = v.id;
    perform gatehouse.name_account(v_other, p_identity->>'email');
    perform gatehouse.note_connection(v_other, jsonb_build_object('event', 'merged',
      'evidence', jsonb_build_object('connectionId', v.id)));
    return 'merged';
  else
    update public.oauth_connections c
       set connector_metadata = c.connector_metadata || (p_identity->'metadata'), identify_at = null
     where c.id = v.id returning * into v;
  end if;
  perform gatehouse.name_account(v, p_identity->>'email');
  perform gatehouse.note_connection(v, jsonb_build_object('event', 'identified',
    'evidence', jsonb_build_object('accountId', v_account, 'sameAs', v_other.id)));
  return case when v_other.id is null then 'identified' else 'apart' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.identify_connection(jsonb) is 'Gives a brought grant the account that its provider named.';
--> statement-breakpoint
revoke all on function gatehouse.identify_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.identify_connection(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/is_usable
-- Whether the access token of a connection works still, for five seconds at least. A grant may have come without one.
create or replace function gatehouse.is_usable(p_connection public.oauth_connections) returns boolean
language plpgsql stable
as $$
begin
  return p_connection.access_token <> ''
    and (p_connection.expires_at is null or p_connection.expires_at > now() + interval '5 seconds');
end $$;
--> statement-breakpoint
comment on function gatehouse.is_usable(public.oauth_connections) is 'Whether the access token of a connection works still.';
--> statement-breakpoint
revoke all on function gatehouse.is_usable(public.oauth_connections) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_usable(public.oauth_connections) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/key_coverage
-- Which keys the vault's rows are under, and how many each: exact to 100,000, so that it stays quick. A look at each
-- key alone, by the index. `?`: rows whose values are under several; `(unsealed)`: rows with a value in the clear, which
-- are no key's. Answers [{keyId, rows, isExact}, …]. Definer: administrators read no tokens.
create or replace function gatehouse.key_coverage() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    with recursive connection_keys as (
      -- Text in the clear has no third part, as a rule.
      (select min(c.key_id) as key_id from public.oauth_connections c where c.key_id > '')
      union all
      select (select min(c.key_id) from public.oauth_connections c where c.key_id > k.key_id)
        from connection_keys k where k.key_id is not null
    ), integration_keys as (
      (select min(ui.key_id) as key_id from public.user_integrations ui where ui.key_id is not null)
      union all
      select (select min(ui.key_id) from public.user_integrations ui where ui.key_id > k.key_id)
        from integration_keys k where k.key_id is not null
    ), counted as (
      select k.key_id, (select count(*) from (
          select from public.oauth_connections c where c.key_id = k.key_id and (gatehouse.is_sealed(c.access_token)
            or gatehouse.is_sealed(c.refresh_token) or gatehouse.is_sealed(c.client_secret)) limit 100001) found) as rows
        from (select key_id from connection_keys where key_id is not null limit 1000) k
      union all
      select k.key_id, (select count(*) from (
          select from public.user_integrations ui where ui.key_id = k.key_id limit 100001) found)
        from integration_keys k where k.key_id is not null
      union all
      select k.key_id, count(*)
        from public.grant_revocations r cross join lateral (
          select case when gatehouse.is_sealed(r.token) then split_part(r.token, ':', 3) else '(unsealed)' end as key_id
          union
          select case when gatehouse.is_sealed(r.client_secret) then split_part(r.client_secret, ':', 3) else '(unsealed)' end
           where r.client_secret is not null) k
       group by 1
      union all
      select '(unsealed)', count(*) from (
        select from public.oauth_connections where (access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
          or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:' limit 100001) found
      union all
      select '(unsealed)', count(*) from (
        select from public.user_integrations where left(credentials #>> '{}', 12) <> 'gatehouse:1:'
          or left(auth_code, 12) <> 'gatehouse:1:' limit 100001) found
    )
    select coalesce(jsonb_agg(jsonb_build_object('keyId', t.key_id, 'rows', t.rows, 'isExact', t.rows <= 100000)
      order by t.key_id), '[]')
    from (select c.key_id, sum(c.rows)::bigint as rows from counted c group by 1) t where t.rows > 0);
end $$;
--> statement-breakpoint
comment on function gatehouse.key_coverage() is 'Which keys the vault''s rows are under.';
--> statement-breakpoint
revoke all on function gatehouse.key_coverage() from public;
--> statement-breakpoint
grant execute on function gatehouse.key_coverage() to gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- function: oauth/lease_connections
-- Leases a claimed batch in one trip. p_rows: [[id, version], …]; p_lease: see take_lease. Left out: whoever moved on, is
-- leased, or has a connector that is left alone (those wait for it, spread over a minute). What can not be refreshed any
-- more is ended here. Answers [{connection, isUnanswered}, …]. In the order of ids, so that two batches cannot deadlock.
create or replace function gatehouse.lease_connections(p_rows jsonb, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_row record;
  v public.oauth_connections;
  v_paused_until timestamptz;
  v_lease jsonb;
  v_leased jsonb := '[]';
begin
  for v_row in select (r->>0)::uuid as id, r->1 as version from jsonb_array_elements(p_rows) r order by 1 loop
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
      v_leased := v_leased || jsonb_build_array(v_lease - 'outcome');
    end if;
  end loop;
  return v_leased;
end $$;
--> statement-breakpoint
comment on function gatehouse.lease_connections(jsonb, jsonb) is 'Leases a claimed batch of connections.';
--> statement-breakpoint
revoke all on function gatehouse.lease_connections(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.lease_connections(jsonb, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/name_account
-- Says on the integrations of a connection whose account its provider named, where nobody gave them a name. Their external
-- id stays: linking again without one must find the same integration.
create or replace function gatehouse.name_account(p_connection public.oauth_connections, p_email text) returns void
language plpgsql volatile
as $$
begin
  update public.user_integrations ui set external_username = p_email
   where ui.user_id = p_connection.user_id and ui.connection_id = p_connection.id and ui.external_username is null;
end $$;
--> statement-breakpoint
comment on function gatehouse.name_account(public.oauth_connections, text) is 'Names the integrations of a connection.';
--> statement-breakpoint
revoke all on function gatehouse.name_account(public.oauth_connections, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.name_account(public.oauth_connections, text) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/own_connection
-- The connection of this transaction's subject that a request means: {connectionId}, or {connector, accountId}, or without
-- an account the primary one: the flagged, else the earliest active; or the one of a linked service: {service,
-- externalUserId}. All null when there is none.
create or replace function gatehouse.own_connection(p_request jsonb) returns public.oauth_connections
language plpgsql stable
as $$
declare
  v_owner text := coalesce('user:' || gatehouse.uid(), 'organization:' || gatehouse.organization_id()::text);
  v_found public.oauth_connections;
begin
  if p_request->>'service' is not null then
    select c.* into v_found
      from public.user_integrations ui
      join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
     where ui.id = gatehouse.own_integration(p_request->>'service', p_request->>'externalUserId');
    return v_found;
  end if;
  select * into v_found from public.oauth_connections c
   where c.owner = v_owner
     and (p_request->>'connectionId' is null or c.id = (p_request->>'connectionId')::uuid)
     and (p_request->>'connector' is null or c.connector_id = p_request->>'connector')
     and (p_request->>'accountId' is null or c.account_id = p_request->>'accountId')
   order by (c.connector_metadata->>'primary') = 'true' desc nulls last, c.status = 'active' desc, c.created_at, c.id
   limit 1;
  return v_found;
end $$;
--> statement-breakpoint
comment on function gatehouse.own_connection(jsonb) is 'The connection of the subject that a request means.';
--> statement-breakpoint
revoke all on function gatehouse.own_connection(jsonb) from public;
--> statement-breakpoint
-- function: oauth/postpone_identification
-- The provider did not say whose account it is: asks again after so many seconds, for a week from the grant at most; with
-- null never. A newer grant, which has another version, is left alone.
create or replace function gatehouse.postpone_identification(p_id uuid, p_version bigint, p_seconds double precision) returns void
language plpgsql volatile
as $$
begin
  update public.oauth_connections c
     set identify_at = case when c.granted_at > now() - interval '7 days' then now() + make_interval(secs => p_seconds) end
   where c.id = p_id and c.version = p_version and c.identify_at is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.postpone_identification(uuid, bigint, double precision) is 'Says when to ask again whose account it is.';
--> statement-breakpoint
revoke all on function gatehouse.postpone_identification(uuid, bigint, double precision) from public;
--> statement-breakpoint
grant execute on function gatehouse.postpone_identification(uuid, bigint, double precision) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/read_token
-- A token of the subject's connection in one trip: the fresh one, or the lease to refresh it. Definer: members read no
-- tokens. p_request: see own_connection, plus lease {id, seconds, isForced, singleUse, refreshable}. A refresh by
-- hand is forced, though not within thirty seconds of the last. Connectors not in `refreshable` have no code here: their
-- tokens are handed out as they came, and no status says when they ran out: whoever brought them
-- renews them. Answers {outcome, connection, retryAfter}:
-- not_connected; fresh (use it); leased (refresh it, and commit); busy (somebody else does); failing (it has run out, and the
-- next try is due later); needs_reauthorization.
create or replace function gatehouse.read_token(p_request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(p_request);
  v_is_forced boolean := coalesce((p_request->'lease'->>'isForced')::boolean, false)
    and (v.last_refresh_at is null or v.last_refresh_at < now() - interval '30 seconds');
  v_is_good boolean := gatehouse.is_usable(v);
  v_is_known boolean := not p_request->'lease' ? 'refreshable' or p_request->'lease'->'refreshable' ? v.connector_id;
  v_can_refresh boolean := v.refresh_token is not null and v_is_known;
  v_paused_until timestamptz;
  v_lease jsonb := '{"outcome": "settled"}';
begin
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status = 'active' and not v_is_good and not v_is_known then
    v.status := 'expired';
  elsif v.status = 'active' and not v_is_good and (v.refresh_token is null or v.refresh_expires_at <= now()) then
    v := gatehouse.end_connection(v, 'expired', jsonb_build_object('class', 'permanent', 'status', null,
      'code', case when v.refresh_token is null then 'no_refresh_token' else 'refresh_token_expired' end));
  end if;
  if v.status <> 'active' and not (v_is_forced and v.status = 'error' and v_can_refresh) then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  end if;
  if v_can_refresh and (v_is_forced or not v_is_good
      or (v.next_refresh_at <= now() and (v.refresh_expires_at is null or v.refresh_expires_at > now()))) then
    v_paused_until := case when not v_is_forced then gatehouse.open_breaker_until(v) end;
    if v_paused_until is null then
      v_lease := gatehouse.take_lease(v.id, p_request->'lease' || jsonb_build_object('isForced', v_is_forced));
    end if;
    if v_lease->>'outcome' in ('leased', 'busy') then
      if not v_is_forced then
        perform gatehouse.note_token_read(v);
      end if;
      return v_lease;
    elsif v_paused_until is null then
      -- Somebody was here between the two looks: what they left counts.
      select * into v from public.oauth_connections c where c.id = v.id;
      v_is_good := gatehouse.is_usable(v);
    end if;
  end if;
  if v.id is null then
    return '{"outcome": "not_connected"}';
  elsif v.status <> 'active' then
    return jsonb_build_object('outcome', 'needs_reauthorization', 'connection', gatehouse.sealed_connection(v));
  elsif not v_is_good then
    return jsonb_build_object('outcome', 'failing', 'connection', gatehouse.sealed_connection(v), 'retryAfter',
      ceil(greatest(1, extract(epoch from coalesce(v_paused_until, v.next_refresh_at) - now()))));
  end if;
  if v.last_used_at is null or v.last_used_at < now() - interval '1 minute' then
    perform gatehouse.note_token_read(v);
  end if;
  return jsonb_build_object('outcome', 'fresh', 'connection', gatehouse.sealed_connection(v));
end $$;
--> statement-breakpoint
comment on function gatehouse.read_token(jsonb) is 'A token of the subject''s connection, or the lease to refresh it.';
--> statement-breakpoint
revoke all on function gatehouse.read_token(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.read_token(jsonb) to gatehouse_member;
--> statement-breakpoint
-- function: oauth/reseal_values
-- Puts newly sealed values where the very old ones still are: a refresh or a SQL write in between keeps its own. The version
-- stays, so a refresh that is on its way is not lost. p_rows: [{table, id, owner, accountId, from: {field: text}, to:
-- {field: envelope}}, …]; of a row that got its first seals also version and nextRefreshIn (seconds), when it is due.
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
  return v_connections + v_integrations + v_revocations;
end $$;
--> statement-breakpoint
comment on function gatehouse.reseal_values(jsonb) is 'Puts newly sealed values where the old ones still are.';
--> statement-breakpoint
revoke all on function gatehouse.reseal_values(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.reseal_values(jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/sealed_under
-- Whether a value is sealed under one of these keys: the third part of its envelope.
create or replace function gatehouse.sealed_under(p_value text, p_keys text[]) returns boolean
language sql immutable parallel safe
as $$ select coalesce(left(p_value, 12) = 'gatehouse:1:' and split_part(p_value, ':', 3) = any (p_keys), false) $$;
--> statement-breakpoint
comment on function gatehouse.sealed_under(text, text[]) is 'Whether a value is sealed under one of these keys.';
--> statement-breakpoint
revoke all on function gatehouse.sealed_under(text, text[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.sealed_under(text, text[]) to gatehouse_system;
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
    when v_before.id is null and (select count(*) from public.oauth_connections c where c.owner = v_owner) >= 200
    then 'connection.limit_reached' end;
  if v_refusal is not null then
    -- The provider gave it already: what is not kept is given back.
    insert into public.grant_revocations
      (id, connection_id, owner, connector_id, account_id, client_id, token_field, token, parameters)
    values ((p_grant->>'id')::uuid, (p_grant->>'id')::uuid, v_owner, p_grant->>'connector', p_grant->>'accountId',
      p_grant->>'clientId', case when p_grant->>'refreshToken' is null then 'access_token' else 'refresh_token' end,
      coalesce(p_grant->>'refreshToken', p_grant->>'accessToken'), p_grant->'parameters')
    on conflict (id) do nothing;
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
-- function: oauth/take_lease
-- Takes the right to refresh a connection, under the lock of its row, so that what is read is the newest. p_lease: {id,
-- seconds, isForced, version, singleUse}. With a version, the row must still have it; without one, it must be due or forced.
-- Of connectors in `singleUse` a refresh token that is used twice ends the grant. A lease of theirs that ran out in silence
-- may have an answer on its way through the queue: so whoever finds it first only gives it 45 seconds more, from a moment
-- at which the database is seen to answer, and the next one takes it.
-- Answers {outcome: leased | busy | settled | gone, connection, isUnanswered}.
create or replace function gatehouse.take_lease(p_id uuid, p_lease jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_is_unanswered boolean;
begin
  select * into v from public.oauth_connections c where c.id = p_id for update;
  if not found then
    return '{"outcome": "gone"}';
  elsif (case when p_lease ? 'version' then v.version <> (p_lease->>'version')::bigint or v.status <> 'active'
      else not coalesce((p_lease->>'isForced')::boolean, false) and v.next_refresh_at > now()
        and (gatehouse.is_usable(v) or v.failure_count > 0) end) then
    return jsonb_build_object('outcome', 'settled', 'connection', gatehouse.sealed_connection(v));
  elsif v.lease_until > now() and v.lease_id is distinct from (p_lease->>'id')::uuid then
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  -- The same lease once more is the same request, sent again since its answer was lost.
  v_is_unanswered := coalesce(v.lease_id <> (p_lease->>'id')::uuid, false);
  if v_is_unanswered and not v.lease_doubtful and p_lease->'singleUse' ? v.connector_id then
    update public.oauth_connections set lease_doubtful = true, lease_until = now() + interval '45 seconds' where id = p_id;
    return jsonb_build_object('outcome', 'busy', 'connection', gatehouse.sealed_connection(v));
  end if;
  update public.oauth_connections
     set lease_id = (p_lease->>'id')::uuid, lease_doubtful = false,
         lease_until = now() + make_interval(secs => (p_lease->>'seconds')::double precision)
   where id = p_id returning * into v;
  return jsonb_build_object('outcome', 'leased', 'connection', gatehouse.sealed_connection(v),
    'isUnanswered', v_is_unanswered);
end $$;
--> statement-breakpoint
comment on function gatehouse.take_lease(uuid, jsonb) is 'Takes the right to refresh a connection for a while.';
--> statement-breakpoint
revoke all on function gatehouse.take_lease(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.take_lease(uuid, jsonb) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/values_to_reseal
-- Rows with values under other keys than the active one. p_keys: those keys, of the ring; `?` stands for rows whose values
-- are not all under one key. A row under a key that nobody has would come back for ever and is left out, as is what is
-- not sealed at all (values_to_seal). Answers [{table, id, owner, connector, accountId, values: {field: text}}, …].
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(found.entry), '[]') from (
      (select jsonb_build_object('table', 'oauth_connections', 'id', c.id, 'owner', c.owner, 'connector', c.connector_id,
          'accountId', c.account_id, 'values', jsonb_strip_nulls(jsonb_build_object('access_token', c.access_token,
            'refresh_token', c.refresh_token, 'client_secret', c.client_secret))) as entry
        from public.oauth_connections c
       where c.key_id = any (p_keys || '?'::text) and (gatehouse.sealed_under(c.access_token, p_keys)
         or gatehouse.sealed_under(c.refresh_token, p_keys) or gatehouse.sealed_under(c.client_secret, p_keys))
       limit p_limit)
      union all
      (select jsonb_build_object('table', 'user_integrations', 'id', ui.id, 'owner', 'user:' || ui.user_id,
          'connector', ui.service_id, 'accountId', coalesce(ui.external_user_id, ''), 'values', jsonb_strip_nulls(
            jsonb_build_object('credentials', gatehouse.credentials_text(ui.credentials), 'auth_code', ui.auth_code)))
        from public.user_integrations ui
       where ui.key_id = any (p_keys || '?'::text) and (gatehouse.sealed_under(ui.credentials #>> '{}', p_keys)
         or gatehouse.sealed_under(ui.auth_code, p_keys))
       limit p_limit)
      union all
      (select jsonb_build_object('table', 'grant_revocations', 'id', r.id, 'owner', r.owner, 'connector', r.connector_id,
          'accountId', r.account_id, 'values', jsonb_strip_nulls(jsonb_build_object(r.token_field, r.token, 'client_secret', r.client_secret)))
        from public.grant_revocations r
       where gatehouse.sealed_under(r.token, p_keys) or gatehouse.sealed_under(r.client_secret, p_keys)
       limit p_limit)
    ) found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
--> statement-breakpoint
-- function: oauth/values_to_seal
-- Rows of one table with values in the clear, by id after p_after: what cannot be sealed holds up nothing. Beside the values
-- what it takes to say when a connection is due. Answers [{table, id, owner, connector, accountId, values: {field: text},
-- version, status, hasRefreshToken, secondsLeft}, …].
create or replace function gatehouse.values_to_seal(p_table text, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable
as $$
begin
  if p_table = 'oauth_connections' then
    return (select coalesce(jsonb_agg(found.entry), '[]') from (
      select jsonb_build_object('table', p_table, 'id', c.id, 'owner', c.owner, 'connector', c.connector_id,
          'accountId', c.account_id, 'version', c.version, 'status', c.status, 'hasRefreshToken', c.refresh_token is not null,
          'secondsLeft', extract(epoch from c.expires_at - now()), 'values', jsonb_strip_nulls(jsonb_build_object(
            'access_token', c.access_token, 'refresh_token', c.refresh_token, 'client_secret', c.client_secret))) as entry
        from public.oauth_connections c
       where c.id > p_after and ((access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
         or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:')
       order by c.id limit p_limit) found);
  elsif p_table = 'user_integrations' then
    return (select coalesce(jsonb_agg(found.entry), '[]') from (
      select jsonb_build_object('table', p_table, 'id', ui.id, 'owner', 'user:' || ui.user_id, 'connector', ui.service_id,
          'accountId', coalesce(ui.external_user_id, ''), 'values', jsonb_strip_nulls(jsonb_build_object(
            'credentials', gatehouse.credentials_text(ui.credentials), 'auth_code', ui.auth_code))) as entry
        from public.user_integrations ui
       where ui.id > p_after and (left(credentials #>> '{}', 12) <> 'gatehouse:1:' or left(auth_code, 12) <> 'gatehouse:1:')
       order by ui.id limit p_limit) found);
  end if;
  return (select coalesce(jsonb_agg(found.entry), '[]') from (
    select jsonb_build_object('table', p_table, 'id', r.id, 'owner', r.owner, 'connector', r.connector_id,
        'accountId', r.account_id, 'values', jsonb_strip_nulls(jsonb_build_object(r.token_field, r.token,
          'client_secret', r.client_secret))) as entry
      from public.grant_revocations r
     where r.id > p_after and (left(r.token, 12) <> 'gatehouse:1:' or left(r.client_secret, 12) <> 'gatehouse:1:')
     order by r.id limit p_limit) found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_seal(text, uuid, integer) is 'Rows of a table with values in the clear.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_seal(text, uuid, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_seal(text, uuid, integer) to gatehouse_system;
