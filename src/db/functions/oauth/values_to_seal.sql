-- Rows of one table with values in the clear, by id after p_after, no more than an answer holds and at least one; left out
-- is what is set aside: what cannot be sealed holds up nothing. Answers what vault_entry makes of each, of a connection
-- also what it takes to say when it is due: version, status, hasRefreshToken, secondsLeft.
create or replace function gatehouse.values_to_seal(p_table text, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable
as $$
declare
  v_entry jsonb;
  v_bytes bigint := 0;
  v_found jsonb[] := '{}';
  v_connection public.oauth_connections;
  v_integration public.user_integrations;
  v_revocation public.grant_revocations;
begin
  -- One by one, since each is read whole: what does not fit is not read.
  for v_connection in select * from public.oauth_connections c
     where p_table = 'oauth_connections' and c.id > p_after
       and ((access_token <> '' and left(access_token, 12) <> 'gatehouse:1:')
         or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, c.id)
     order by c.id limit p_limit loop
    v_entry := gatehouse.connection_entry(v_connection) || jsonb_build_object('version', v_connection.version,
      'status', v_connection.status, 'hasRefreshToken', v_connection.refresh_token is not null,
      'secondsLeft', extract(epoch from v_connection.expires_at - now()));
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_integration in select * from public.user_integrations ui
     where p_table = 'user_integrations' and ui.id > p_after
       and (left(credentials #>> '{}', 12) <> 'gatehouse:1:' or left(auth_code, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, ui.id)
     order by ui.id limit p_limit loop
    v_entry := gatehouse.integration_entry(v_integration);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  for v_revocation in select * from public.grant_revocations r
     where p_table = 'grant_revocations' and r.id > p_after
       and (left(r.token, 12) <> 'gatehouse:1:' or left(r.client_secret, 12) <> 'gatehouse:1:')
       and not gatehouse.is_set_aside('seal', p_table, r.id)
     order by r.id limit p_limit loop
    v_entry := gatehouse.revocation_entry(v_revocation);
    v_bytes := v_bytes + octet_length(v_entry::text);
    exit when v_bytes > gatehouse.answer_limit() and cardinality(v_found) > 0;
    v_found := v_found || v_entry;
  end loop;
  return to_jsonb(v_found);
end $$;
--> statement-breakpoint
comment on function gatehouse.values_to_seal(text, uuid, integer) is 'Rows of a table with values in the clear.';
--> statement-breakpoint
revoke all on function gatehouse.values_to_seal(text, uuid, integer) from public;
--> statement-breakpoint
grant execute on function gatehouse.values_to_seal(text, uuid, integer) to gatehouse_system;
