-- What the report of a mail would undo and what it could not, without undoing any of it. Answers {outcome: 'preview' | an
-- error code, isSpent, items, address, losses}.
create or replace function gatehouse.preview_report(p_token_hash text) returns jsonb
language plpgsql stable
as $$
declare
  v_alert public.security_alerts;
  v_from timestamptz;
  v_address jsonb;
  v_is_outranked boolean;
begin
  select * into v_alert from public.security_alerts where token_hash = p_token_hash;
  if v_alert.id is null or v_alert.expires_at <= now() then
    return '{"outcome": "alert.invalid"}';
  elsif v_alert.used_at is not null then
    return '{"outcome": "preview", "isSpent": true, "items": [], "losses": []}';
  end if;
  v_from := gatehouse.report_start(v_alert);
  v_address := gatehouse.report_address(v_alert, v_from, '{}');
  v_is_outranked := coalesce(v_address->>'outcome' = 'outranked', false);
  return jsonb_build_object('outcome', 'preview', 'isSpent', false, 'address', v_address,
    'items', case when v_is_outranked then '[]' else gatehouse.report_items(v_alert.user_id, v_from) end,
    'losses', case when v_is_outranked then '[]' else gatehouse.report_losses(v_alert.user_id, v_from) end);
end $$;
--> statement-breakpoint
comment on function gatehouse.preview_report(text) is 'What the report of a mail about the account would undo.';
--> statement-breakpoint
revoke all on function gatehouse.preview_report(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.preview_report(text) to gatehouse_system;
