-- What a report may do about the address. It goes back to the one before the earliest change since p_from that the person
-- does not keep, that was not undone, and that did not take the address from one that stood longer than this mail's: only
-- that one's own mail may bring it back. 'outranked': the account's present address stood longer than this mail's, whose
-- report then does nothing at all. Null where nothing was changed. Answers {previous, current, outcome: 'restored' |
-- 'there' (it has it again already) | 'kept' | 'other' | 'taken' | 'final' | 'outranked', undone and kept: [{changeId,
-- previous, current, changedAt}]}.
create or replace function gatehouse.report_address(p_alert public.security_alerts, p_from timestamptz, p_keep uuid[])
returns jsonb
language plpgsql stable
as $$
declare
  v public.email_changes;
  v_current text := (select u.email from public.users u where u.id = p_alert.user_id);
  v_undone jsonb;
  v_kept jsonb;
begin
  if gatehouse.is_outranked(p_alert) then
    return jsonb_build_object('previous', p_alert.email, 'current', v_current, 'outcome', 'outranked',
      'undone', jsonb_build_array(), 'kept', jsonb_build_array());
  end if;
  select * into v from public.email_changes c
   where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and c.id <> all (p_keep)
     and (p_alert.email_since is null or c.previous_since >= p_alert.email_since)
   order by c.is_final, c.created_at, c.id limit 1;
  select coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where not l.is_kept), '[]'),
         coalesce(jsonb_agg(l.change order by l.created_at, l.id) filter (where l.is_kept), '[]')
    into v_undone, v_kept
    from (
      select c.id, c.created_at, v.id is null or (c.created_at, c.id) < (v.created_at, v.id) as is_kept,
             jsonb_build_object('changeId', c.id, 'previous', c.previous_email, 'current', c.email,
               'changedAt', c.created_at) as change
        from public.email_changes c
       where c.user_id = p_alert.user_id and c.created_at >= p_from and c.undone_at is null and not c.is_final
         and (c.id = any (p_keep) or (c.created_at, c.id) >= (v.created_at, v.id))) l;
  if v.id is null and v_kept = '[]' then
    return null;
  end if;
  return jsonb_build_object('previous', v.previous_email, 'current', v_current, 'undone', v_undone, 'kept', v_kept,
    'outcome', case
      when v.id is null then 'kept'
      when v.is_final then 'final'
      when p_alert.email is null then 'other'
      when lower(v.previous_email) = lower(v_current) then 'there'
      when exists (select from public.users u where lower(u.email) = lower(v.previous_email)) then 'taken'
      else 'restored' end);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) is 'What a report may do about the address.';
--> statement-breakpoint
revoke all on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_address(public.security_alerts, timestamptz, uuid[]) to gatehouse_system;
