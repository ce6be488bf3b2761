-- How many more links a user may have: a thousand in all, those that are not active too. Whoever asks has locked the user.
create or replace function gatehouse.link_room(p_user_id text) returns integer
language plpgsql stable
as $$
begin
  return (select 1000 - count(*) from (
    select from public.user_integrations ui where ui.user_id = p_user_id limit 1000) links);
end $$;
--> statement-breakpoint
comment on function gatehouse.link_room(text) is 'How many more links a user may have.';
--> statement-breakpoint
revoke all on function gatehouse.link_room(text) from public;
