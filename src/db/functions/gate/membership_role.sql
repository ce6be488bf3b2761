-- The role a user has in an organisation, or null. Definer: read before the wall stands.
create or replace function gatehouse.membership_role(p_organization_id uuid, p_user_id text) returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select m.role from public.memberships m
           where m.organization_id = p_organization_id and m.user_id = p_user_id);
end $$;
--> statement-breakpoint
comment on function gatehouse.membership_role(uuid, text) is 'The role of a user in an organisation; null when not a member.';
--> statement-breakpoint
revoke all on function gatehouse.membership_role(uuid, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.membership_role(uuid, text) to gatehouse_app, gatehouse_service;
