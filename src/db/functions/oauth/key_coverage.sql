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
