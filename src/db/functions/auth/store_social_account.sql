-- The account at a provider, by issuer and subject: inserted for the user when nobody has it, refreshed when somebody
-- does. Answers whose it is then; '' for nobody's. p_identity: {id, connector, issuer, subject, email, name, avatarUrl, scopes}
create or replace function gatehouse.store_social_account(p_user_id text, p_identity jsonb) returns text
language plpgsql volatile
as $$
declare
  v_owner text;
begin
  -- One account of a provider, one row (requirement 3 §2.3): a provider that changed its issuer is not taken at its word.
  if exists (select from public.oauth_accounts a where a.provider = p_identity->>'connector'
      and a.provider_user_id = p_identity->>'subject' and a.issuer <> p_identity->>'issuer') then
    return '';
  end if;
  insert into public.oauth_accounts
    (id, user_id, provider, issuer, provider_user_id, provider_email, provider_name, provider_avatar_url, scopes, last_used_at)
  values ((p_identity->>'id')::uuid, p_user_id, p_identity->>'connector', p_identity->>'issuer', p_identity->>'subject',
    p_identity->>'email', p_identity->>'name', p_identity->>'avatarUrl', p_identity->'scopes', now())
  on conflict (issuer, provider_user_id) do update
    set provider_email = excluded.provider_email,
        provider_name = coalesce(excluded.provider_name, public.oauth_accounts.provider_name),
        provider_avatar_url = excluded.provider_avatar_url, scopes = excluded.scopes, last_used_at = now()
    where public.oauth_accounts.user_id = excluded.user_id;
  select a.user_id into v_owner from public.oauth_accounts a
   where a.issuer = p_identity->>'issuer' and a.provider_user_id = p_identity->>'subject';
  return v_owner;
end $$;
--> statement-breakpoint
comment on function gatehouse.store_social_account(text, jsonb) is 'Inserts or refreshes a users account at a provider; whose it is.';
--> statement-breakpoint
revoke all on function gatehouse.store_social_account(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.store_social_account(text, jsonb) to gatehouse_system;
