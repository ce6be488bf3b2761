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
