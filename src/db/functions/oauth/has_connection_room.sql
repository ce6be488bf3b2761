-- Whether an owner may have one more connection, brought or connected: 200 at most. Whoever asks has locked the owner.
create or replace function gatehouse.has_connection_room(p_owner text) returns boolean
language plpgsql stable
as $$
begin
  return (select count(*) from (
    select from public.oauth_connections c where c.owner = p_owner limit 200) connections) < 200;
end $$;
--> statement-breakpoint
comment on function gatehouse.has_connection_room(text) is 'Whether an owner may have one more connection.';
--> statement-breakpoint
revoke all on function gatehouse.has_connection_room(text) from public;
