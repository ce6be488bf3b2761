-- Somebody asks to sign in with a reserved address. Notes an alert that tells this address of the change and can undo it,
-- good to the end of the reservation. Null for every other address. p_alert: {id, tokenHash}. Answers {kind, email,
-- newEmail, changedAt}.
create or replace function gatehouse.tell_moved(p_email text, p_alert jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.email_changes := gatehouse.reservation(p_email);
begin
  if v.id is null or exists (select from public.users u where lower(u.email) = lower(p_email)) then
    return null;
  end if;
  insert into public.security_alerts (id, user_id, kind, token_hash, details, email, email_since, expires_at)
  values ((p_alert->>'id')::uuid, v.user_id, 'email_changed', p_alert->>'tokenHash',
    jsonb_build_object('previousEmail', v.previous_email, 'changeId', v.id), v.previous_email,
    gatehouse.standing_since(v.user_id, v.previous_email), v.created_at + interval '7 days')
  on conflict (id) do nothing;
  return jsonb_build_object('kind', 'email_moved', 'email', v.previous_email, 'newEmail', v.email,
    'changedAt', v.created_at);
end $$;
--> statement-breakpoint
comment on function gatehouse.tell_moved(text, jsonb) is 'Notes a mail to a reserved address: the account has another one since.';
--> statement-breakpoint
revoke all on function gatehouse.tell_moved(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.tell_moved(text, jsonb) to gatehouse_system;
