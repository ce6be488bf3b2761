-- Last statement of every batch of a live credential: notes that it was used, when `enter` found that due. It comes
-- last: placed first it deadlocked two parallel revocations and serialised parallel calls.
create or replace function gatehouse.touch() returns void
language plpgsql volatile
as $$
begin
  if current_setting('gatehouse.touch', true) = 'due' then
    perform gatehouse.note_use();
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.touch() is 'Notes the use of the credential that entered, at most once an hour.';
--> statement-breakpoint
revoke all on function gatehouse.touch() from public;
--> statement-breakpoint
grant execute on function gatehouse.touch() to gatehouse_member, gatehouse_admin;
