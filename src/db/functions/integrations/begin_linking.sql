-- What linking and unlinking begin with: the keys are there and fit, the caller may act for the user, and the user is there
-- and locked: one at a time for a user, so that two calls that link the same account make one row; and whoever acts is
-- judged again under that lock. Raises GH003, GH005, GH013, GH015, GH018.
create or replace function gatehouse.begin_linking(p_link jsonb) returns void
language plpgsql volatile
as $$
declare
  v_user_id text := nullif(p_link->>'user_id', '');
begin
  perform gatehouse.check_link(p_link);
  if v_user_id is null or nullif(p_link->>'service_id', '') is null then
    raise exception '% is missing', case when v_user_id is null then 'user_id' else 'service_id' end
      using errcode = 'GH018', detail = 'integration.incomplete';
  elsif not coalesce(gatehouse.may_act_for(v_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  end if;
  perform gatehouse.lock_actor();
  perform from public.users u where u.id = v_user_id for no key update;
  if not found then
    raise exception 'There is no user "%"', v_user_id using errcode = 'GH015', detail = 'user.not_found';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_linking(jsonb) is 'What linking and unlinking begin with.';
--> statement-breakpoint
revoke all on function gatehouse.begin_linking(jsonb) from public;
