-- Deletes integrations that hold nothing (no grant, no account, no credentials), a day after they were last changed, at
-- most p_limit; dry, it only says which. Sent again it deletes no more, and answers the same. Definer: only here are links deleted.
create or replace function gatehouse.cleanup_integrations(p_is_dry_run boolean, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_ids uuid[];
  v_answer jsonb := gatehouse.effects()->'cleanup';
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select array_agg(o.id) into v_ids from (
    select ui.id from public.user_integrations ui
     where ui.connection_id is null and ui.external_user_id is null and ui.credentials is null and ui.auth_code is null
       and ui.updated_at < now() - interval '1 day'
     order by ui.id limit p_limit for update skip locked) o;
  if not p_is_dry_run then
    delete from public.user_integrations ui where ui.id = any (v_ids);
  end if;
  v_answer := jsonb_build_object('dry_run', p_is_dry_run, 'orphaned', coalesce(cardinality(v_ids), 0),
    'deleted', case when p_is_dry_run then 0 else coalesce(cardinality(v_ids), 0) end,
    'has_more', coalesce(cardinality(v_ids), 0) = p_limit, 'integration_ids', to_jsonb(coalesce(v_ids[1:100], '{}')));
  if not p_is_dry_run then
    perform gatehouse.keep_effect('cleanup', v_answer);
  end if;
  return v_answer;
end $$;
--> statement-breakpoint
comment on function gatehouse.cleanup_integrations(boolean, integer) is 'Deletes integrations that hold nothing.';
--> statement-breakpoint
revoke all on function gatehouse.cleanup_integrations(boolean, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.cleanup_integrations(boolean, integer) to gatehouse_admin, gatehouse_sql;
