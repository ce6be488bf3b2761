-- Who made each live token of the organisation that this transaction acts on, and whether it is frozen. Names are for its
-- own administrators: a token that asks gets none. Definer: members read no other users.
create or replace function gatehouse.token_makers() returns table (token_id uuid, maker_name text, is_frozen boolean)
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_is_administrator boolean := coalesce(
    gatehouse.membership_role(gatehouse.organization_id(), gatehouse.actor_user_id()) in ('admin', 'owner'), false);
begin
  return query
    select t.id, case when v_is_administrator then coalesce(nullif(u.display_name, ''), u.email)::text end,
           gatehouse.is_frozen(t.organization_id, t.created_by)
      from public.api_tokens t left join public.users u on u.id = t.created_by
     where t.organization_id = gatehouse.organization_id() and t.revoked_at is null;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_makers() is 'Who made the tokens of the organisation, and which are frozen.';
--> statement-breakpoint
revoke all on function gatehouse.token_makers() from public;
--> statement-breakpoint
grant execute on function gatehouse.token_makers() to gatehouse_member;
