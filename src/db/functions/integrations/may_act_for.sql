-- Whether the caller of a definer function may change a user's integrations: it acts on that user (the gate said so),
-- or is a SQL client. `role` and `session_user` stay the caller's inside a definer function.
create or replace function gatehouse.may_act_for(p_user_id text) returns boolean
language plpgsql stable
as $$
begin
  return p_user_id = gatehouse.uid() or pg_has_role(
    coalesce(nullif(current_setting('role'), 'none'), session_user), 'gatehouse_sql', 'member');
end $$;
--> statement-breakpoint
comment on function gatehouse.may_act_for(text) is 'Whether the caller may change the integrations of a user.';
--> statement-breakpoint
revoke all on function gatehouse.may_act_for(text) from public;
