-- Gives an integration with its grant to another user, for SQL clients that change user_id. A grant can move if it was
-- brought (one that its user gave in a browser may be a way in as well), is not sealed, and serves no other
-- integration. Definer: SQL clients write nothing into the vault. Raises GH020.
create or replace function gatehouse.move_integration(p_id uuid, p_user_id text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.user_integrations;
begin
  select * into v from public.user_integrations ui where ui.id = p_id;
  if not coalesce(gatehouse.may_act_for(v.user_id) and gatehouse.may_act_for(p_user_id), false) then
    raise exception 'subject.forbidden' using errcode = 'GH013', detail = 'subject.forbidden';
  elsif exists (select from public.user_integrations ui
      where ui.user_id = v.user_id and ui.connection_id = v.connection_id and ui.id <> v.id)
      or exists (select from public.oauth_connections c where c.id = v.connection_id
        and (c.account_id not like 'unverified:%' or gatehouse.is_sealed(c.access_token)
          or gatehouse.is_sealed(c.refresh_token) or gatehouse.is_sealed(c.client_secret))) then
    raise exception 'Its grant is proven, sealed or shared: link the account of the other user instead'
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  -- The foreign key carries the integration along.
  update public.oauth_connections c set user_id = p_user_id where c.id = v.connection_id;
  update public.user_integrations ui set user_id = p_user_id where ui.id = v.id and ui.user_id <> p_user_id;
end $$;
--> statement-breakpoint
comment on function gatehouse.move_integration(uuid, text) is 'Gives an integration with its grant to another user.';
--> statement-breakpoint
revoke all on function gatehouse.move_integration(uuid, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.move_integration(uuid, text) to gatehouse_sql;
