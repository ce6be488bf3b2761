-- What a report may do about the address: it goes back to the mail's own; or, where the person keeps changes that came
-- after the account left that one, to the address that the last of those led to. Never to any other: what the account was
-- before it had the mail's address is not this mail's to say. 'outranked': see is_outranked; its report then does nothing
-- at all. Null where the account did not leave the mail's address since p_from. Answers {previous (where it goes to),
-- current, outcome: 'restored' | 'there' (it has it already) | 'kept' | 'other' | 'taken' | 'final' | 'outranked', undone
-- and kept: [{changeId, previous, current, changedAt}]}.
create or replace function gatehouse.report_address(p_alert public.security_alerts, p_from timestamptz, p_keep uuid[])
returns jsonb
language plpgsql stable
as $$
declare
  v_current text := (select u.email from public.users u where u.id = p_alert.user_id);
  v_answer jsonb := jsonb_build_object('previous', p_alert.email, 'current', v_current,
    'undone', jsonb_build_array(), 'kept', jsonb_build_array());
  -- The first and the last time that it left the mail's address.
  v_first timestamptz;
  v_is_final boolean;
  v_undone jsonb;
  v_kept jsonb;
  v_target text;
begin
  if gatehouse.is_outranked(p_alert) then
    return v_answer || '{"outcome": "outranked"}';
  end if;
  select min(c.created_at) filter (where not c.is_final), (array_agg(c.is_final order by c.created_at desc, c.id desc))[1]
    into v_first, v_is_final
    from public.email_changes c
   where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null
     and (p_alert.email is null or lower(c.previous_email) = lower(p_alert.email));
  if v_is_final is null then
    return null;
  elsif v_is_final or p_alert.email is null then
    return v_answer || jsonb_build_object('outcome', case when v_is_final then 'final' else 'other' end);
  end if;
  select coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where not l.is_kept), '[]'),
         coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where l.is_kept), '[]'),
         coalesce((array_agg(l.email order by l.created_at desc, l.id desc) filter (where l.is_kept))[1], p_alert.email)
    into v_undone, v_kept, v_target
    from (
      select c.id, c.created_at, c.email, c.id = any (p_keep) as is_kept,
             jsonb_build_object('changeId', c.id, 'previous', c.previous_email, 'current', c.email,
               'changedAt', c.created_at) as change
        from public.email_changes c
       where c.user_id = p_alert.user_id and c.created_at >= v_first and c.undone_at is null and not c.is_final) l;
  return v_answer || jsonb_build_object('previous', v_target, 'undone', v_undone, 'kept', v_kept, 'outcome', case
    when lower(v_target) = lower(v_current) then case when v_kept = '[]' then 'there' else 'kept' end
    when exists (select from public.users u where lower(u.email) = lower(v_target)) then 'taken'
    else 'restored' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) is 'What a report may do about the address.';
--> statement-breakpoint
revoke all on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) to gatehouse_system;
