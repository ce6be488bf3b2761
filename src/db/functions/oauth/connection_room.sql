-- How many more connections an owner may have, brought or connected: 200 in all. Whoever asks has locked the owner.
create or replace function gatehouse.connection_room(p_owner text) returns integer
language plpgsql stable
as $$
begin
  return (select 200 - count(*) from (
    select from public.oauth_connections c where c.owner = p_owner limit 200) connections);
end $$;
--> statement-breakpoint
comment on function gatehouse.connection_room(text) is 'How many more connections an owner may have.';
--> statement-breakpoint
revoke all on function gatehouse.connection_room(text) from public;
