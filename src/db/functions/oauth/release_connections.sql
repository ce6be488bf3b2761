-- Disconnects all that a user or an organisation has, before it is deleted: its foreign keys restrict. Answers how many.
create or replace function gatehouse.release_connections(p_user_id text, p_organization_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
  v_released integer := 0;
begin
  for v in select * from public.oauth_connections c
      where c.user_id = p_user_id or c.organization_id = p_organization_id order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
    v_released := v_released + 1;
  end loop;
  return v_released;
end $$;
--> statement-breakpoint
comment on function gatehouse.release_connections(text, uuid) is 'Disconnects all that a user or an organisation has.';
--> statement-breakpoint
revoke all on function gatehouse.release_connections(text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.release_connections(text, uuid) to gatehouse_system;
