-- Makes a connection of the subject the one that is meant when no account is named. Definer: members write no metadata.
-- Sent again it changes nothing. Answers done, or connection.not_found.
create or replace function gatehouse.make_primary(p_connection_id uuid) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.oauth_connections := gatehouse.own_connection(jsonb_build_object('connectionId', p_connection_id));
begin
  if v.id is null then
    return 'connection.not_found';
  elsif gatehouse.is_repeated('primary') then
    return 'done';
  end if;
  perform from public.oauth_connections c
    where c.owner = v.owner and c.connector_id = v.connector_id order by c.id for no key update;
  update public.oauth_connections c
     set connector_metadata = case when c.id = v.id then c.connector_metadata || '{"primary": true}'
       else c.connector_metadata - 'primary' end
   where c.owner = v.owner and c.connector_id = v.connector_id
     and (c.id = v.id) is distinct from coalesce(c.connector_metadata->'primary' = 'true', false);
  perform gatehouse.keep_effect('primary', 'true');
  return 'done';
end $$;
--> statement-breakpoint
comment on function gatehouse.make_primary(uuid) is 'Makes a connection of the subject the one that is meant by default.';
--> statement-breakpoint
revoke all on function gatehouse.make_primary(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.make_primary(uuid) to gatehouse_member;
