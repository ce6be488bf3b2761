-- The ways into an account: a verified address, each passkey, each account at a provider that is set up here. The caller
-- holds the lock on the user's row, so that two removals cannot both count the other one's.
create or replace function gatehouse.ways_in(p_user_id text, p_providers text[]) returns integer
language plpgsql stable
as $$
begin
  return (select count(*) from public.users u
           where u.id = p_user_id and u.email is not null and u.email_verified_at is not null)
       + (select count(*) from public.passkeys p where p.user_id = p_user_id)
       + (select count(*) from public.oauth_accounts a where a.user_id = p_user_id and a.provider = any (p_providers));
end $$;
--> statement-breakpoint
comment on function gatehouse.ways_in(text, text[]) is 'How many ways into an account there are.';
--> statement-breakpoint
revoke all on function gatehouse.ways_in(text, text[]) from public;
