-- Refuses a new link of a user who has a thousand already. The user is locked (begin_linking), so what is counted once holds
-- for the whole transaction: a list of a thousand links counts once and not for each. Raises GH024.
create or replace function gatehouse.check_room(p_user_id text) returns void
language plpgsql volatile
as $$
declare
  -- {user: how many more}, in this transaction.
  v_known jsonb := coalesce(nullif(current_setting('gatehouse.link_room', true), '')::jsonb, '{}');
  v_room integer := coalesce((v_known->>p_user_id)::integer, gatehouse.link_room(p_user_id));
begin
  if v_room <= 0 then
    raise exception 'There are 1,000 linked accounts already, those that are not active too. Link one of them again'
      using errcode = 'GH024', detail = 'integration.limit_reached';
  end if;
  perform set_config('gatehouse.link_room', jsonb_build_object(p_user_id, v_room - 1)::text, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.check_room(text) is 'Refuses a new link of a user who has a thousand already.';
--> statement-breakpoint
revoke all on function gatehouse.check_room(text) from public;
