-- Rows with values under other keys than the active one, at most p_limit and no more than an answer holds. p_keys: those
-- keys, of the ring; `?` stands for rows whose values are not all under one key. Owner by owner, a look at the index for
-- each: 25 rows of every owner and 64 KiB (or one row), so that one who has many or large ones holds up nobody; where one
-- owner alone is left, more. Left out: a row under a key that nobody has, which would come back for
-- ever; what is not sealed at all (values_to_seal); what is set aside. Answers what vault_entry makes of each.
create or replace function gatehouse.values_to_reseal(p_keys text[], p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_key text;
  v_share integer;
  v_most integer;
  v_entry jsonb;
  v_bytes bigint := 0;
  v_taken uuid[] := '{}';
  v_found jsonb[] := '{}';
begin
  <<shares>>
  foreach v_share in array array[25, 100] loop
    -- The second time is for the one owner who is left.
    exit when v_share = 100 and (select count(distinct e->>'owner') from unnest(v_found) e) > 1;
    v_most := case v_share when 25 then 65536 else 1048576 end;
    foreach v_key in array p_keys || '?'::text loop
      for v_entry in
          with recursive connection_owners as (
            (select c.owner from public.oauth_connections c where c.key_id = v_key order by c.owner limit 1)
            union all
            select (select c.owner from public.oauth_connections c where c.key_id = v_key and c.owner > o.owner
                     order by c.owner limit 1)
              from connection_owners o where o.owner is not null
          ), users as (
            (select ui.user_id from public.user_integrations ui where ui.key_id = v_key order by ui.user_id limit 1)
            union all
            select (select ui.user_id from public.user_integrations ui where ui.key_id = v_key and ui.user_id > u.user_id
                     order by ui.user_id limit 1)
              from users u where u.user_id is not null
          )
          select e.entry from connection_owners o cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.connection_entry(found.c) as entry, row_number() over (order by found.id) as turn from (
                select c, c.id from public.oauth_connections c
                 where c.key_id = v_key and c.owner = o.owner and not c.id = any (v_taken)
                   and (gatehouse.sealed_under(c.access_token, p_keys) or gatehouse.sealed_under(c.refresh_token, p_keys)
                     or gatehouse.sealed_under(c.client_secret, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'oauth_connections', c.id)
                 order by c.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most
          union all
          select e.entry from users u cross join lateral (
            select r.entry, r.turn, sum(octet_length(r.entry::text)) over (order by r.turn) as bytes from (
              select gatehouse.integration_entry(found.ui) as entry, row_number() over (order by found.id) as turn from (
                select ui, ui.id from public.user_integrations ui
                 where ui.key_id = v_key and ui.user_id = u.user_id and not ui.id = any (v_taken)
                   and (gatehouse.sealed_under(ui.credentials #>> '{}', p_keys)
                     or gatehouse.sealed_under(ui.auth_code, p_keys))
                   and not gatehouse.is_set_aside('reseal', 'user_integrations', ui.id)
                 order by ui.id limit v_share) found) r) e
           where e.turn = 1 or e.bytes <= v_most loop
        v_bytes := v_bytes + octet_length(v_entry::text);
        exit shares when cardinality(v_found) >= p_limit
          or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
        v_found := v_found || v_entry;
        v_taken := v_taken || (v_entry->>'id')::uuid;
      end loop;
    end loop;
  end loop;
  -- What waits to be revoked is read whole: few wait, and not for long.
  for v_entry in
      select gatehouse.revocation_entry(r) from (
        select g.id, row_number() over (partition by g.owner order by g.id) as turn from public.grant_revocations g
         where (gatehouse.sealed_under(g.token, p_keys) or gatehouse.sealed_under(g.client_secret, p_keys))
           and not gatehouse.is_set_aside('reseal', 'grant_revocations', g.id)
         order by 2, 1 limit p_limit) t join public.grant_revocations r on r.id = t.id order by t.turn, t.id loop
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when cardinality(v_found) >= p_limit
      or v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_reseal(text[], integer) is 'Rows whose values are under an older key.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_reseal(text[], integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_reseal(text[], integer) to gatehouse_system;
