-- Refuses a new link of a user who has a thousand already. Raises GH028.
create or replace function gatehouse.check_room(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if not gatehouse.take_room('integration', p_user_id) then
    raise exception 'There are 1,000 linked accounts already, those that are not active too. Link one of them again'
      using errcode = 'GH028', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_room(text) is 'Refuses a new link of a user who has a thousand already.';
--> statement-breakpoint
revoke all on function gatehouse.check_room(text) from public;
