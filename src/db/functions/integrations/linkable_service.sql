-- The service of that id, if it can be linked. Raises GH016, GH017.
create or replace function gatehouse.linkable_service(p_service_id text) returns public.services
language plpgsql stable
as $$
declare
  v public.services;
begin
  select * into v from public.services s where s.id = p_service_id;
  if v.id is null then
    raise exception 'There is no service "%"', p_service_id using errcode = 'GH016', detail = 'service.not_found';
  elsif not v.is_active then
    raise exception 'The service "%" is not active', p_service_id using errcode = 'GH017', detail = 'service.inactive';
  end if;
  return v;
end $$;
--> statement-breakpoint
comment on function gatehouse.linkable_service(text) is 'The service of an id, if it can be linked.';
--> statement-breakpoint
revoke all on function gatehouse.linkable_service(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.linkable_service(text) to gatehouse_member, gatehouse_sql;
