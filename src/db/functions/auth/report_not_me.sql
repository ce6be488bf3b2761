-- "This wasn't me", of the mail of an alert: see docs/security.md, "This wasn't me: both directions". Whoever was signed in
-- is out; what was added since the earliest alert that waits for a report is gone, but for what the person keeps; the
-- address is changed back where this mail may do so. A mail whose address is outranked (is_outranked) does nothing, and stays
-- unspent. Done once: sent again it answers what it came to. The user's row is locked first; what waits for it is judged
-- again when it gets it (gatehouse.lock_actor), or finds its link expired.
-- p_facts: see record_login, plus keep [ids] and operationId. Answers {outcome: 'secured' | an error code, operationId,
-- isRepeated, isOfOtherMail, sessionsEnded, undone, kept, address, losses, mails (for the same operation alone)}.
create or replace function gatehouse.report_not_me(p_token_hash text, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_alert public.security_alerts;
  v_before text;
  v_from timestamptz;
  v_items jsonb;
  v_keep uuid[];
  v_report jsonb;
  v_address jsonb;
  v_sessions integer;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash;
  select u.email into v_before from public.users u where u.id = v_alert.user_id for no key update;
  select * into v_alert from public.security_alerts where id = v_alert.id for update;
  if v_alert.id is null or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    -- Spent by the report of another mail, whose reader alone is told what it came to.
    v_report := coalesce(v_alert.report, '{"outcome": "secured", "isOfOtherMail": true, "sessionsEnded": 0, "undone": [],
      "kept": [], "losses": []}');
    return v_report || jsonb_build_object('isRepeated', v_report->>'operationId' is distinct from p_facts->>'operationId',
      'mails', case
      when v_report->>'operationId' = p_facts->>'operationId' then v_report->'mails' else '[]' end);
  end if;
  v_from := gatehouse.report_start(v_alert);
  v_keep := array(select k::uuid from jsonb_array_elements_text(coalesce(p_facts->'keep', '[]')) k);
  v_address := gatehouse.report_address(v_alert, v_from, v_keep);
  if v_address->>'outcome' = 'outranked' then
    return jsonb_build_object('outcome', 'secured', 'isRepeated', false, 'address', v_address) || '{"sessionsEnded": 0,
      "undone": [], "kept": [], "losses": [], "mails": []}';
  end if;
  v_items := gatehouse.report_items(v_alert.user_id, v_from);
  v_keep := gatehouse.report_kept(v_items, p_facts->'keep');
  v_report := jsonb_build_object('outcome', 'secured', 'operationId', p_facts->>'operationId', 'address', v_address,
    'losses', gatehouse.report_losses(v_alert.user_id, v_from),
    'undone', jsonb_path_query_array(v_items, '$[*] ? (!(@.id == $keep[*]))', jsonb_build_object('keep', to_jsonb(v_keep))),
    'kept', jsonb_path_query_array(v_items, '$[*] ? (@.id == $keep[*])', jsonb_build_object('keep', to_jsonb(v_keep))));
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s where s.user_id = v_alert.user_id and s.revoked_at is null
     order by s.id for update);
  get diagnostics v_sessions = row_count;
  perform gatehouse.undo_items(v_alert.user_id, v_report->'undone');
  delete from public.known_devices where user_id = v_alert.user_id and created_at >= v_from;
  -- Not now(): a sign-in that waits for our lock began earlier, and by its now() the link would still be good.
  update public.magic_links set expires_at = created_at where user_id = v_alert.user_id and used_at is null;
  update public.oauth_states set used_at = now() where user_id = v_alert.user_id and used_at is null;
  if v_address->>'outcome' in ('restored', 'there', 'kept') then
    update public.users set email = v_address->>'previous', email_verified_at = now()
     where id = v_alert.user_id and v_address->>'outcome' = 'restored';
    update public.email_changes set undone_at = now()
     where user_id = v_alert.user_id and undone_at is null
       and id in (select (c->>'changeId')::uuid from jsonb_array_elements(v_address->'undone') c);
  end if;
  v_report := v_report || jsonb_build_object('sessionsEnded', v_sessions,
    'mails', gatehouse.report_mails(v_alert, v_from, v_before));
  -- After the mails, which go to the addresses in between too.
  if v_address->>'outcome' in ('restored', 'there', 'kept') then
    perform gatehouse.bridge_changes(v_alert, v_address);
  end if;
  -- Alerts of an address that stood longer stay: no report of a later one takes their owner's word away.
  update public.security_alerts set used_at = now()
   where user_id = v_alert.user_id and used_at is null and (id = v_alert.id or email_since >= v_alert.email_since);
  update public.security_alerts set report = v_report where id = v_alert.id;
  perform gatehouse.record_login(v_alert.user_id, 'account_secured', null, p_facts);
  return v_report || '{"isRepeated": false}';
end $$;
--> statement-breakpoint
comment on function gatehouse.report_not_me(text, jsonb) is 'Ends every session of an alerts user and undoes what was added since.';
--> statement-breakpoint
revoke all on function gatehouse.report_not_me(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_not_me(text, jsonb) to gatehouse_system;
