-- What a report may do about the address. Only the address that stood longest is gone back to: the one before the earliest
-- change since p_from that is neither undone nor final; and only by a mail that went to it, while nobody else has it.
-- Null where nothing was changed. Answers {changeId, previous, current, changedAt, outcome: 'restored' | 'there' (it has it
-- again already) | 'other' | 'taken' | 'final'}.
create or replace function gatehouse.report_address(p_alert public.security_alerts, p_from timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  v public.email_changes;
  v_current text := (select u.email from public.users u where u.id = p_alert.user_id);
begin
  select * into v from public.email_changes c
   where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null
   order by c.is_final, c.created_at, c.id limit 1;
  if v.id is null then
    return null;
  end if;
  return jsonb_build_object('changeId', v.id, 'previous', v.previous_email, 'current', v_current,
    'changedAt', v.created_at, 'outcome', case
      when v.is_final then 'final'
      when p_alert.email is null or lower(p_alert.email) <> lower(v.previous_email) then 'other'
      when lower(v.previous_email) = lower(v_current) then 'there'
      when exists (select from public.users u where lower(u.email) = lower(v.previous_email)) then 'taken'
      else 'restored' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_address(public.security_alerts, timestamptz) is 'What a report may do about the address.';
--> statement-breakpoint
revoke all on function gatehouse.report_address(public.security_alerts, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_address(public.security_alerts, timestamptz) to gatehouse_system;
