-- Whether a token of an organisation is frozen: nobody knows who made it, or they are suspended, or no longer administrate
-- the organisation. It works again when they do. Two look-ups by primary key.
create or replace function gatehouse.is_frozen(p_organization_id uuid, p_maker_id text) returns boolean
language plpgsql stable
as $$
begin
  return not exists (
    select from public.memberships m join public.users u on u.id = m.user_id
     where m.organization_id = p_organization_id and m.user_id = p_maker_id and m.role in ('admin', 'owner')
       and u.suspended_at is null);
end $$;
--> statement-breakpoint
comment on function gatehouse.is_frozen(uuid, text) is 'Whether a token of an organisation is frozen by what became of its maker.';
--> statement-breakpoint
revoke all on function gatehouse.is_frozen(uuid, text) from public;
