-- Requirement 1: links many services at once. Each item stands by itself: a bad one is reported with its index (from
-- 0), code and reason, and spoils no other. Items have the keys of link_service_to_user; a bare text is a service id.
-- Answers {total, succeeded, failed, results: [{index, service_id, success, integration_id | code, error}]}.
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
  for v_item, v_index in
      select e.value, e.ordinality - 1 from jsonb_array_elements(services_json) with ordinality e loop
    begin
      if jsonb_typeof(v_item) = 'string' then
        v_item := jsonb_build_object('service_id', v_item);
      elsif jsonb_typeof(v_item) <> 'object' then
        raise exception 'An item is an object with service_id'
          using errcode = 'GH018', detail = 'integration.incomplete';
      end if;
      v_results := v_results || jsonb_build_object(
        'index', v_index, 'service_id', v_item->'service_id', 'success', true,
        'integration_id', gatehouse.link_integration(
          v_item || jsonb_build_object('user_id', bulk_link_services_to_user.user_id)));
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
  return jsonb_build_object('total', jsonb_array_length(services_json), 'succeeded', v_done,
    'failed', jsonb_array_length(services_json) - v_done, 'results', to_jsonb(v_results));
end $$;
--> statement-breakpoint
comment on function public.bulk_link_services_to_user(text, jsonb) is 'Links many services at once.';
--> statement-breakpoint
revoke all on function public.bulk_link_services_to_user(text, jsonb) from public;
--> statement-breakpoint
grant execute on function public.bulk_link_services_to_user(text, jsonb) to gatehouse_member, gatehouse_sql;
