-- After a report that undid changes of the address and kept others: the last of the kept ones leads from the mail's address
-- to the present one, and those before it are gone. An address in between may be a hijacker's: it would stay reserved, and
-- its mails would keep a rank. Definer: the system changes no addresses here. p_address: see report_address.
create or replace function gatehouse.bridge_changes(p_alert public.security_alerts, p_address jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_kept uuid[] := array(select (k->>'changeId')::uuid from jsonb_array_elements(p_address->'kept') k);
  v_last uuid := p_address->'kept'->-1->>'changeId';
begin
  if v_last is null or p_address->'undone' = '[]' then
    return;
  end if;
  delete from public.email_changes c
   where c.user_id = p_alert.user_id and c.id = any (v_kept) and (c.id <> v_last or lower(c.email) = lower(p_alert.email));
  update public.email_changes c
     set previous_email = p_alert.email, previous_since = coalesce(p_alert.email_since, c.previous_since)
   where c.user_id = p_alert.user_id and c.id = v_last;
end $$;
--> statement-breakpoint
comment on function gatehouse.bridge_changes(public.security_alerts, jsonb) is 'Leads the kept changes of an address past those that a report undid.';
--> statement-breakpoint
revoke all on function gatehouse.bridge_changes(public.security_alerts, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.bridge_changes(public.security_alerts, jsonb) to gatehouse_system;
