-- Removes a passkey of the subject under the lock of the user's row, unless it is the last way in (promise 5). Definer,
-- since members delete no credentials. Answers {outcome: 'removed' | an error code, alert}.
create or replace function gatehouse.remove_passkey(p_passkey_id uuid, p_providers text[], p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
begin
  perform gatehouse.lock_actor();
  if gatehouse.has_happened(p_facts) then
    return '{"outcome": "removed"}';
  elsif not exists (select from public.passkeys p where p.id = p_passkey_id and p.user_id = v_user_id) then
    return '{"outcome": "passkey.not_found"}';
  elsif gatehouse.ways_in(v_user_id, p_providers) <= 1 then
    return '{"outcome": "credential.last"}';
  end if;
  delete from public.passkeys where id = p_passkey_id and user_id = v_user_id;
  perform gatehouse.record_login(v_user_id, 'passkey_removed', null, p_facts);
  return jsonb_build_object('outcome', 'removed',
    'alert', gatehouse.raise_alert(v_user_id, 'passkey_removed', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.remove_passkey(uuid, text[], jsonb) is 'Removes a passkey of the subject, unless it is the last way in.';
--> statement-breakpoint
revoke all on function gatehouse.remove_passkey(uuid, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.remove_passkey(uuid, text[], jsonb) to gatehouse_member;
