-- After a report that undid changes of the address and kept others: each kept one leads from the address before it that is
-- kept too, the first from the mail's; one that leads nowhere any more is gone. An address in between may be a hijacker's:
-- it would stay reserved, and its mails would keep a rank. Definer: the system changes no addresses here.
-- p_address: see report_address.
create or replace function gatehouse.bridge_changes(p_alert public.security_alerts, p_address jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.email_changes;
  v_email text := p_alert.email;
  v_since timestamptz := p_alert.email_since;
begin
  for v in select c.* from jsonb_array_elements(p_address->'kept') k
      join public.email_changes c on c.id = (k->>'changeId')::uuid and c.user_id = p_alert.user_id
     order by c.created_at, c.id loop
    if lower(v.email) = lower(v_email) then
      delete from public.email_changes c where c.id = v.id;
    else
      update public.email_changes c set previous_email = v_email, previous_since = coalesce(v_since, c.previous_since)
       where c.id = v.id and lower(c.previous_email) <> lower(v_email);
      v_email := v.email;
      v_since := v.created_at;
    end if;
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.bridge_changes(public.security_alerts, jsonb) is 'Leads the kept changes of an address past those that a report undid.';
--> statement-breakpoint
revoke all on function gatehouse.bridge_changes(public.security_alerts, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.bridge_changes(public.security_alerts, jsonb) to gatehouse_system;
