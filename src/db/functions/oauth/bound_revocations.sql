-- Of one owner at most 400 grants wait to be revoked: whoever disconnects without end gives up the earliest, and the trail
-- says so.
create or replace function gatehouse.bound_revocations(p_owner text) returns void
language plpgsql volatile
as $$
declare
  v_owner text[] := regexp_match(p_owner, '^(user|organization):(.*)$');
begin
  with given_up as (
    delete from public.grant_revocations g where g.id in (
      select r.id from public.grant_revocations r where r.owner = p_owner order by r.created_at desc, r.id offset 400)
    returning g.*
  )
  insert into public.connection_events (connection_id, user_id, organization_id, connector_id, event, evidence)
  select g.connection_id, case when v_owner[1] = 'user' then v_owner[2] end,
      case when v_owner[1] = 'organization' then v_owner[2]::uuid end, g.connector_id, 'revocation_given_up',
      jsonb_build_object('attempts', g.attempts)
    from given_up g;
end $$;
--> statement-breakpoint
comment on function gatehouse.bound_revocations(text) is 'Gives up the earliest revocations of an owner above 400.';
--> statement-breakpoint
revoke all on function gatehouse.bound_revocations(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.bound_revocations(text) to gatehouse_system;
