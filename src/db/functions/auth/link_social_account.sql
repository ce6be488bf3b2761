-- Links an account at a provider to the subject, who must be the one that began it. Linked already is success; linked to
-- somebody else is refused. Definer: members write no credentials. p_identity: see store_social_account.
create or replace function gatehouse.link_social_account(p_begun_by text, p_identity jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_was_linked boolean;
begin
  if p_begun_by is distinct from v_user_id then
    return '{"outcome": "oauth_state.other_browser"}';
  end if;
  perform gatehouse.lock_actor();
  v_was_linked := exists (
    select from public.oauth_accounts a where a.issuer = p_identity->>'issuer'
       and a.provider_user_id = p_identity->>'subject' and a.user_id = v_user_id);
  if gatehouse.store_social_account(v_user_id, p_identity) <> v_user_id then
    return '{"outcome": "social_account.linked_elsewhere"}';
  elsif v_was_linked then
    return '{"outcome": "linked"}';
  end if;
  perform gatehouse.record_login(v_user_id, 'account_linked', null, p_facts);
  return jsonb_build_object('outcome', 'linked',
    'alert', gatehouse.raise_alert(v_user_id, 'account_linked', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.link_social_account(text, jsonb, jsonb) is 'Links an account at a provider to the subject, who began it.';
--> statement-breakpoint
revoke all on function gatehouse.link_social_account(text, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.link_social_account(text, jsonb, jsonb) to gatehouse_member;
