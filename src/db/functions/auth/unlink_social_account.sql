-- Unlinks an account at a provider under the lock of the user's row, unless it is the last way in (promise 5). Definer,
-- since members delete no credentials. Answers {outcome: 'unlinked' | an error code, alert}.
create or replace function gatehouse.unlink_social_account(p_account_id uuid, p_providers text[], p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_provider text;
begin
  perform gatehouse.lock_actor();
  if gatehouse.has_happened(p_facts) then
    return '{"outcome": "unlinked"}';
  end if;
  select a.provider into v_provider from public.oauth_accounts a where a.id = p_account_id and a.user_id = v_user_id;
  if not found then
    return '{"outcome": "social_account.not_found"}';
  elsif gatehouse.ways_in(v_user_id, p_providers) - (v_provider = any (p_providers))::integer < 1 then
    return '{"outcome": "credential.last"}';
  end if;
  delete from public.oauth_accounts where id = p_account_id and user_id = v_user_id;
  perform gatehouse.record_login(v_user_id, 'account_unlinked', null, p_facts);
  return jsonb_build_object('outcome', 'unlinked', 'provider', v_provider,
    'alert', gatehouse.raise_alert(v_user_id, 'account_unlinked', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.unlink_social_account(uuid, text[], jsonb) is 'Unlinks an account at a provider, unless it is the last way in.';
--> statement-breakpoint
revoke all on function gatehouse.unlink_social_account(uuid, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.unlink_social_account(uuid, text[], jsonb) to gatehouse_member;
