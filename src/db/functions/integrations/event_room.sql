-- How many more changes of a user's links may be events today: 5,000 in a day. Whoever asks has locked the user.
create or replace function gatehouse.event_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 5000 - count(*) from (
    select from public.outbox o where o.user_id = p_user_id and o.created_at > now() - interval '1 day' limit 5000) events);
end $$;
--> statement-breakpoint
comment on function gatehouse.event_room(text) is 'How many more changes of a user''s links may be events today.';
--> statement-breakpoint
revoke all on function gatehouse.event_room(text) from public;
