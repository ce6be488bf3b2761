-- Links a service to a connection of the subject. Definer: members write no links. Sent again it links nothing, and
-- answers the integration that it linked. p_link: {connection_id, service_id, display_label, event_id}. Raises GH016 to GH018, GH022, GH028.
create or replace function gatehouse.link_own_connection(p_link jsonb) returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections;
  v_id uuid := gatehouse.effects()->>(p_link->>'event_id');
begin
  if v_id is not null then
    return v_id;
  end if;
  perform gatehouse.lock_actor();
  v := gatehouse.own_connection(jsonb_build_object('connectionId', p_link->>'connection_id'));
  if p_link->>'connection_id' is null or v.id is null or v.user_id is null then
    raise exception 'connection.not_found' using errcode = 'GH022', detail = 'connection.not_found';
  end if;
  v_id := gatehouse.link_connection(v, p_link->>'service_id', (p_link->>'event_id')::uuid);
  update public.user_integrations ui
     set display_label = coalesce(nullif(p_link->>'display_label', ''), ui.display_label)
   where ui.id = v_id;
  perform gatehouse.keep_effect(p_link->>'event_id', to_jsonb(v_id));
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_own_connection(jsonb) is 'Links a service to a connection of the subject.';
--> statement-breakpoint
revoke all on function gatehouse.link_own_connection(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_own_connection(jsonb) to gatehouse_member;
--> statement-breakpoint
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
--> statement-breakpoint
-- Links or unlinks (p_verb) many services of a user. Each item stands by itself: a bad one is reported with its index
-- (from 0), code and reason, and spoils no other. A bare text is a service id. Answers {total, succeeded, failed, results:
-- [{index, service_id, success, integration_id | unlinked | code, error}]}. Sent again, an item that was done changes
-- nothing and answers what it answered; integration.not_found where the link is gone since. One that was refused is tried
-- again: an item's event_id stands for it. Raises GH018 where there is no list.
create or replace function gatehouse.change_services(p_verb text, p_user_id text, p_services jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_item jsonb;
  v_index integer;
  v_answer jsonb;
  v_done integer := 0;
  v_results jsonb[] := '{}';
  v_code text;
  v_items jsonb := coalesce(gatehouse.effects()->'items', '{}');
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
      v_answer := v_items->(v_item->>'event_id');
      if v_answer is null then
        v_answer := case p_verb when 'link' then to_jsonb(gatehouse.link_integration(v_item))
          when 'unlink' then to_jsonb(gatehouse.unlink_integrations(v_item)) end;
      elsif p_verb = 'link' and not exists (
          select from public.user_integrations ui where ui.id = (v_answer->>0)::uuid and ui.user_id = p_user_id) then
        raise exception 'There is no such integration any more' using errcode = 'GH030', detail = 'integration.not_found';
      end if;
      v_results := v_results || (jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', true)
        || jsonb_build_object(case p_verb when 'link' then 'integration_id' else 'unlinked' end, v_answer));
      v_done := v_done + 1;
    exception when others then
      -- An item's own fault is reported with it; anything else (a deadlock, a caller who was ended) is nobody's item.
      if left(sqlstate, 2) not in ('GH', '22', '23') or sqlstate in ('GH003', 'GH005') then
        raise;
      end if;
      get stacked diagnostics v_code = pg_exception_detail;
      v_results := v_results || jsonb_build_object(
        'index', v_index, 'service_id', v_item->'service_id', 'success', false,
        'code', case when left(sqlstate, 2) = 'GH' then v_code else 'input.invalid' end, 'error', sqlerrm);
    end;
  end loop;
  perform gatehouse.keep_effect('items', v_items || coalesce((
    select jsonb_object_agg(p_services->(r->>'index')::integer->>'event_id', coalesce(r->'integration_id', r->'unlinked'))
      from unnest(v_results) r
     where (r->>'success')::boolean and p_services->(r->>'index')::integer->>'event_id' is not null), '{}'));
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
drop function gatehouse.account_link(text, text, text);
--> statement-breakpoint
-- Remembers which input an Idempotency-Key came with, before anything else of the call runs. The same call sent again
-- passes; the same key with other input is refused (GH023), as is a key older than 24 hours (GH024). A key that was first
-- used on another day is refused with that day (GH025): the Worker derives ids and secrets from the day, and sends the call
-- again with the right one. Two calls at once wait for each other at the primary key. What of the call has happened is
-- known for the rest of the transaction: see gatehouse.effects. Definer: nobody reads the table.
create or replace function gatehouse.claim_operation(p_key_hash text, p_input_hash text, p_day bigint) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.idempotency_keys;
begin
  insert into public.idempotency_keys (key_hash, input_hash, day) values (p_key_hash, p_input_hash, p_day)
    on conflict (key_hash) do nothing;
  if found then
    perform set_config('gatehouse.operation', p_key_hash, true);
    return;
  end if;
  select * into v from public.idempotency_keys k where k.key_hash = p_key_hash;
  if v.input_hash is distinct from p_input_hash then
    raise exception 'idempotency_key.reused' using errcode = 'GH023';
  elsif v.created_at <= now() - interval '24 hours' then
    raise exception 'idempotency_key.expired' using errcode = 'GH024';
  elsif v.day <> p_day then
    raise exception 'idempotency_key.other_day' using errcode = 'GH025', detail = v.day;
  end if;
  perform set_config('gatehouse.operation', p_key_hash, true), set_config('gatehouse.effects', v.effects::text, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_operation(text, text, bigint) is 'Holds a call to the input that its Idempotency-Key first came with.';
--> statement-breakpoint
revoke all on function gatehouse.claim_operation(text, text, bigint) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_operation(text, text, bigint) to gatehouse_member, gatehouse_admin, gatehouse_system;
--> statement-breakpoint
-- Since when an address is, or was, that of an account: what decides which mail's report outranks which. An address that
-- the account comes back to has its old place again.
create or replace function gatehouse.standing_since(p_user_id text, p_email text) returns timestamptz
language plpgsql stable
as $$
begin
  return coalesce(
    (select min(c.previous_since) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.previous_email) = lower(p_email)),
    (select max(c.created_at) from public.email_changes c
      where c.user_id = p_user_id and c.undone_at is null and lower(c.email) = lower(p_email)),
    (select u.created_at from public.users u where u.id = p_user_id));
end $$;
--> statement-breakpoint
comment on function gatehouse.standing_since(text, text) is 'Since when an address is that of an account.';
--> statement-breakpoint
revoke all on function gatehouse.standing_since(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.standing_since(text, text) to gatehouse_system;
--> statement-breakpoint
-- "This wasn't me", of the mail of an alert: see docs/security.md, "This wasn't me: both directions". Whoever was signed in
-- is out; what was added since the earliest alert that waits for a report is gone, but for what the person keeps; the
-- address is changed back where this mail may do so. A mail whose address the present one outranks does nothing, and stays
-- unspent. Done once: sent again it answers what it came to. The user's row is locked first; what waits for it is judged
-- again when it gets it (gatehouse.lock_actor), or finds its link expired.
-- p_facts: see record_login, plus keep [ids] and operationId. Answers {outcome: 'secured' | an error code, operationId,
-- isRepeated, isOfOtherMail, sessionsEnded, undone, kept, address, losses, mails (for the same operation alone)}.
create or replace function gatehouse.report_not_me(p_token_hash text, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_alert public.security_alerts;
  v_before text;
  v_from timestamptz;
  v_items jsonb;
  v_keep uuid[];
  v_report jsonb;
  v_address jsonb;
  v_sessions integer;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash;
  select u.email into v_before from public.users u where u.id = v_alert.user_id for no key update;
  select * into v_alert from public.security_alerts where id = v_alert.id for update;
  if v_alert.id is null or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    -- Spent by the report of another mail, whose reader alone is told what it came to.
    v_report := coalesce(v_alert.report, '{"outcome": "secured", "isOfOtherMail": true, "sessionsEnded": 0, "undone": [],
      "kept": [], "losses": []}');
    return v_report || jsonb_build_object('isRepeated', v_report->>'operationId' is distinct from p_facts->>'operationId',
      'mails', case
      when v_report->>'operationId' = p_facts->>'operationId' then v_report->'mails' else '[]' end);
  end if;
  v_from := gatehouse.report_start(v_alert);
  v_keep := array(select k::uuid from jsonb_array_elements_text(coalesce(p_facts->'keep', '[]')) k);
  v_address := gatehouse.report_address(v_alert, v_from, v_keep);
  if v_address->>'outcome' = 'outranked' then
    return jsonb_build_object('outcome', 'secured', 'isRepeated', false, 'address', v_address) || '{"sessionsEnded": 0,
      "undone": [], "kept": [], "losses": [], "mails": []}';
  end if;
  v_items := gatehouse.report_items(v_alert.user_id, v_from);
  v_keep := gatehouse.report_kept(v_items, p_facts->'keep');
  v_report := jsonb_build_object('outcome', 'secured', 'operationId', p_facts->>'operationId', 'address', v_address,
    'losses', gatehouse.report_losses(v_alert.user_id, v_from),
    'undone', jsonb_path_query_array(v_items, '$[*] ? (!(@.id == $keep[*]))', jsonb_build_object('keep', to_jsonb(v_keep))),
    'kept', jsonb_path_query_array(v_items, '$[*] ? (@.id == $keep[*])', jsonb_build_object('keep', to_jsonb(v_keep))));
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = v_alert.user_id and s.revoked_at is null
     order by s.id for update);
  get diagnostics v_sessions = row_count;
  perform gatehouse.undo_items(v_alert.user_id, v_report->'undone');
  delete from public.known_devices where user_id = v_alert.user_id and created_at >= v_from;
  -- Not now(): a sign-in that waits for our lock began earlier, and by its now() the link would still be good.
  update public.magic_links set expires_at = created_at where user_id = v_alert.user_id and used_at is null;
  update public.oauth_states set used_at = now() where user_id = v_alert.user_id and used_at is null;
  if v_address->>'outcome' in ('restored', 'there') then
    update public.users set email = v_address->>'previous', email_verified_at = now()
     where id = v_alert.user_id and v_address->>'outcome' = 'restored';
    update public.email_changes set undone_at = now()
     where user_id = v_alert.user_id and undone_at is null
       and id in (select (c->>'changeId')::uuid from jsonb_array_elements(v_address->'undone') c);
  end if;
  v_report := v_report || jsonb_build_object('sessionsEnded', v_sessions,
    'mails', gatehouse.report_mails(v_alert, v_from, v_before));
  -- Alerts of an address that stood longer stay: no report of a later one takes their owner's word away.
  update public.security_alerts set used_at = now()
   where user_id = v_alert.user_id and used_at is null and (id = v_alert.id or email_since >= v_alert.email_since);
  update public.security_alerts set report = v_report where id = v_alert.id;
  perform gatehouse.record_login(v_alert.user_id, 'account_secured', null, p_facts);
  return v_report || '{"isRepeated": false}';
end $$;
--> statement-breakpoint
comment on function gatehouse.report_not_me(text, jsonb) is 'Ends every session of an alerts user and undoes what was added since.';
--> statement-breakpoint
revoke all on function gatehouse.report_not_me(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_not_me(text, jsonb) to gatehouse_system;
--> statement-breakpoint
-- What was taken from an account since a moment, or elsewhere by its credentials, and no report can bring back; and how many
-- tokens were used that the user made for organisations or the deployment: nothing tells all that they did. Answers
-- [{kind, count}].
create or replace function gatehouse.report_losses(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'count', l.count) order by l.kind), '[]')
      from (
        select h.event_type as kind, count(*) as count from public.login_history h
         where h.user_id = p_user_id and h.created_at >= p_from and h.success
           and h.event_type in ('passkey_removed', 'account_unlinked', 'token_revoked', 'token_rotated')
         group by h.event_type
        union all
        select case e.event when 'disconnected' then 'connection_disconnected' else 'integration_unlinked' end,
               count(distinct e.connection_id)
          from public.connection_events e
         where e.id in (
             select o.id from public.connection_events o where o.user_id = p_user_id and o.created_at >= p_from
             union select a.id from public.connection_events a where a.actor_user_id = p_user_id and a.created_at >= p_from)
           and e.actor_kind in ('session', 'personal')
           and (e.event = 'disconnected' or e.event = 'integration.unlinked' and not exists (
             select from public.user_integrations ui
              where ui.id = e.connection_id and (ui.is_active or ui.created_at >= p_from)))
         group by e.event
        union all
        select 'service_token_used', count(*) from public.api_tokens t
         where t.created_by = p_user_id and t.kind <> 'personal' and t.created_at >= p_from and t.last_used_at is not null
        having count(*) > 0) l);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_losses(text, timestamptz) is 'What was taken from an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_losses(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_losses(text, timestamptz) to gatehouse_system;
--> statement-breakpoint
-- What a person added to an account since a moment, and elsewhere by its credentials: what a report takes away, and what
-- the person may tick as their own. Links and connections raise no mail, so no alert says when a hijacker began with them:
-- they go back a day further. What was granted or linked anew is among it whole: what it was before is not kept. What a
-- trusted backend brought is not. Definer, since the system reads no memberships. Answers [{kind, id, name, createdAt}].
create or replace function gatehouse.report_items(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_unmailed_from timestamptz := p_from - interval '1 day';
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'id', i.id, 'name', i.name, 'createdAt', i.created_at)
             order by i.created_at, i.id), '[]')
      from (
        select 'passkey' as kind, p.id, p.device_name as name, p.created_at
          from public.passkeys p where p.user_id = p_user_id and p.created_at >= p_from
        union all
        select 'social_account', a.id, a.provider, a.created_at
          from public.oauth_accounts a where a.user_id = p_user_id and a.created_at >= p_from
        union all
        select t.kind || '_token', t.id, t.name, t.created_at
          from public.api_tokens t
         where t.id in (select o.id from public.api_tokens o where o.user_id = p_user_id
             union select c.id from public.api_tokens c where c.created_by = p_user_id)
           and t.created_at >= p_from and t.revoked_at is null
        union all
        select 'integration', ui.id, s.name, l.linked_at
          from gatehouse.report_links(p_user_id, v_unmailed_from) l join public.user_integrations ui on ui.id = l.integration_id
          join public.services s on s.id = ui.service_id
        union all
        select 'connection', c.id, c.connector_id, g.granted_at
          from gatehouse.report_grants(p_user_id, v_unmailed_from) g join public.oauth_connections c on c.id = g.connection_id) i);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_items(text, timestamptz) is 'What a person added to an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_items(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_items(text, timestamptz) to gatehouse_system;
--> statement-breakpoint
-- What a report may do about the address. It goes back to the one before the earliest change since p_from that the person
-- does not keep, that was not undone, and that did not take the address from one that stood longer than this mail's: only
-- that one's own mail may bring it back. 'outranked': the account's present address stood longer than this mail's, whose
-- report then does nothing at all. Null where nothing was changed. Answers {previous, current, outcome: 'restored' |
-- 'there' (it has it again already) | 'kept' | 'other' | 'taken' | 'final' | 'outranked', undone and kept: [{changeId,
-- previous, current, changedAt}]}.
create or replace function gatehouse.report_address(p_alert public.security_alerts, p_from timestamptz, p_keep uuid[])
returns jsonb
language plpgsql stable
as $$
declare
  v public.email_changes;
  v_current text := (select u.email from public.users u where u.id = p_alert.user_id);
  v_undone jsonb;
  v_kept jsonb;
begin
  if gatehouse.is_outranked(p_alert) then
    return jsonb_build_object('previous', p_alert.email, 'current', v_current, 'outcome', 'outranked',
      'undone', jsonb_build_array(), 'kept', jsonb_build_array());
  end if;
  select * into v from public.email_changes c
   where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and c.id <> all (p_keep)
     and (p_alert.email_since is null or c.previous_since >= p_alert.email_since)
   order by c.is_final, c.created_at, c.id limit 1;
  select coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where not l.is_kept), '[]'),
         coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where l.is_kept), '[]')
    into v_undone, v_kept
    from (
      select c.id, c.created_at, v.id is null or (c.created_at, c.id) < (v.created_at, v.id) as is_kept,
             jsonb_build_object('changeId', c.id, 'previous', c.previous_email, 'current', c.email,
               'changedAt', c.created_at) as change
        from public.email_changes c
       where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and not c.is_final
         and (c.id = any (p_keep) or (c.created_at, c.id) >= (v.created_at, v.id))) l;
  if v.id is null and v_kept = '[]' then
    return null;
  end if;
  return jsonb_build_object('previous', v.previous_email, 'current', v_current, 'undone', v_undone, 'kept', v_kept,
    'outcome', case
      when v.id is null then 'kept'
      when v.is_final then 'final'
      when p_alert.email is null then 'other'
      when lower(v.previous_email) = lower(v_current) then 'there'
      when exists (select from public.users u where lower(u.email) = lower(v.previous_email)) then 'taken'
      else 'restored' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) is 'What a report may do about the address.';
--> statement-breakpoint
revoke all on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) to gatehouse_system;
--> statement-breakpoint
-- A mailed proof as it is stored, whichever call stored it: {expiresAt, isLive, hasCode}. A mail whose link is used or
-- expired goes out no more.
create or replace function gatehouse.mailed_proof(p_id uuid) returns jsonb
language sql stable
as $$
  select jsonb_build_object('expiresAt', m.expires_at, 'isLive', m.used_at is null and m.expires_at > now(),
      'hasCode', m.code_hash is not null)
    from public.magic_links m where m.id = p_id;
$$;
--> statement-breakpoint
comment on function gatehouse.mailed_proof(uuid) is 'Until when a mailed proof is good, whether it still is, and whether it has a code.';
--> statement-breakpoint
revoke all on function gatehouse.mailed_proof(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.mailed_proof(uuid) to gatehouse_system;
--> statement-breakpoint
-- Whether the account has an address that stood longer than the one that a mail went to. Who reads that mailbox has no say
-- over the account then: it may be a hijacker's, whose change the owner took back.
create or replace function gatehouse.is_outranked(p_alert public.security_alerts) returns boolean
language plpgsql stable
as $$
begin
  return coalesce((select gatehouse.standing_since(u.id, u.email) < p_alert.email_since
    from public.users u where u.id = p_alert.user_id), false);
end $$;
--> statement-breakpoint
comment on function gatehouse.is_outranked(public.security_alerts) is 'Whether the account has an address that stood longer than the mails.';
--> statement-breakpoint
revoke all on function gatehouse.is_outranked(public.security_alerts) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_outranked(public.security_alerts) to gatehouse_system;
--> statement-breakpoint
drop function gatehouse.bridge_changes(public.security_alerts, jsonb);
