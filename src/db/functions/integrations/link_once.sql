-- link_integration for one call: sent again it links nothing, and answers the integration that it linked, whatever became
-- of that since. p_link: see link_integration; its event_id stands for the call. Raises what link_integration raises.
create or replace function gatehouse.link_once(p_link jsonb) returns uuid
language plpgsql volatile
as $$
declare
  v_id uuid := gatehouse.effects()->>(p_link->>'event_id');
begin
  if v_id is null then
    v_id := gatehouse.link_integration(p_link);
    perform gatehouse.keep_effect(p_link->>'event_id', to_jsonb(v_id));
  end if;
  return v_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.link_once(jsonb) is 'Links an account of a service to a user, once for a call.';
--> statement-breakpoint
revoke all on function gatehouse.link_once(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_once(jsonb) to gatehouse_member;
