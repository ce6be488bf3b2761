-- Refuses one more change of a link by a call of the API where the user had 5,000 events within a day: linking and unlinking
-- the same things in turn would fill the outbox. Nobody else's calls, and no other change, end here. Raises GH028.
create or replace function gatehouse.check_events(p_user_id text) returns void
language plpgsql volatile
as $$
begin
  if gatehouse.uid() is not null and not gatehouse.take_room('event', p_user_id) then
    raise exception '5,000 links were changed within a day. Change the next ones later'
      using errcode = 'GH028', detail = 'integration.limit_reached';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_events(text) is 'Refuses one more change of a link where the user had too many in a day.';
--> statement-breakpoint
revoke all on function gatehouse.check_events(text) from public;
