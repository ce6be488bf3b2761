-- Links or unlinks (p_verb) many services of a user. Each item stands by itself: a bad one is reported with its index
-- (from 0), code and reason, and spoils no other. A bare text is a service id. Answers {total, succeeded, failed, results:
-- [{index, service_id, success, integration_id | unlinked | code, error}]}. Sent again, an item that was done changes
-- nothing; it answers how many links it ended, or the link that the account has now: integration.not_found where that is
-- deleted since. One that was refused is tried again. Kept with the key is a bit for each item, and how many links an item
-- ended where it ended some, which is bounded as events are (check_events). Raises GH018 where there is no list.
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
  v_kept jsonb := coalesce(gatehouse.effects()->'items', '{}');
  v_unlinked jsonb := coalesce(v_kept->'unlinked', '{}');
  v_is_done bytea;
begin
  if coalesce(jsonb_typeof(p_services), 'null') <> 'array' then
    raise exception 'services_json: a list of services' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  v_is_done := coalesce(decode(v_kept->>'isDone', 'base64'),
    decode(repeat('00', jsonb_array_length(p_services) / 8 + 1), 'hex'));
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
      if get_bit(v_is_done, v_index) = 0 then
        v_answer := case p_verb when 'link' then to_jsonb(gatehouse.link_integration(v_item))
          when 'unlink' then to_jsonb(gatehouse.unlink_integrations(v_item)) end;
      elsif p_verb = 'unlink' then
        v_answer := coalesce(v_unlinked->(v_index::text), '0');
      else
        v_answer := to_jsonb(gatehouse.account_link(p_user_id, v_item->>'service_id',
          nullif(v_item->>'external_user_id', '')));
        if v_answer is null then
          raise exception 'There is no such integration any more' using errcode = 'GH030', detail = 'integration.not_found';
        end if;
      end if;
      v_results := v_results || (jsonb_build_object('index', v_index, 'service_id', v_item->'service_id', 'success', true)
        || jsonb_build_object(case p_verb when 'link' then 'integration_id' else 'unlinked' end, v_answer));
      v_done := v_done + 1;
      v_is_done := set_bit(v_is_done, v_index, 1);
      if p_verb = 'unlink' and v_answer <> '0' then
        v_unlinked := v_unlinked || jsonb_build_object(v_index, v_answer);
      end if;
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
  perform gatehouse.keep_effect('items',
    jsonb_build_object('isDone', encode(v_is_done, 'base64'), 'unlinked', v_unlinked));
  return jsonb_build_object('total', jsonb_array_length(p_services), 'succeeded', v_done,
    'failed', jsonb_array_length(p_services) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function gatehouse.change_services(text, text, jsonb) is 'Links or unlinks many services of a user.';
--> statement-breakpoint
revoke all on function gatehouse.change_services(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.change_services(text, text, jsonb) to gatehouse_member, gatehouse_sql;
