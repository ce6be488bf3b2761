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
