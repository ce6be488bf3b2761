-- Which keys the vault's rows are under, and how many each: exact to 100,000, so that it stays quick. A look at each
-- key alone, by the index. Answers [{keyId, rows, isExact}, …]. Definer: administrators read no tokens.
create or replace function gatehouse.key_coverage() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    with recursive keys as (
      (select min(c.key_id) as key_id from public.oauth_connections c)
      union all
      select (select min(c.key_id) from public.oauth_connections c where c.key_id > k.key_id)
        from keys k where k.key_id is not null
    ), counted as (
      select k.key_id, (select count(*) from (
          select from public.oauth_connections c where c.key_id = k.key_id limit 100001) found) as rows
        from keys k where k.key_id is not null
      union all
      select k.key_id, count(*)
        from public.grant_revocations r cross join lateral (
          select split_part(r.token, ':', 3) as key_id
          union
          select split_part(r.client_secret, ':', 3) where r.client_secret is not null) k
       group by 1
    )
    select coalesce(jsonb_agg(jsonb_build_object('keyId', t.key_id, 'rows', t.rows, 'isExact', t.rows <= 100000)
      order by t.key_id), '[]')
    from (select c.key_id, sum(c.rows)::bigint as rows from counted c group by 1) t);
end $$;
--> statement-breakpoint
comment on function gatehouse.key_coverage() is 'Which keys the vault''s rows are under.';
--> statement-breakpoint
revoke all on function gatehouse.key_coverage() from public;
--> statement-breakpoint
grant execute on function gatehouse.key_coverage() to gatehouse_admin, gatehouse_system;
