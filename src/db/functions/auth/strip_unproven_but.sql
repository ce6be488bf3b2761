-- Ends what a person added to an account before anybody had proven its address: sessions, passkeys, accounts at providers,
-- personal tokens, integrations, connections. What a trusted backend brought (nobody's `created_by`) stays: legacy data
-- waits for its owner so. Whoever put the rest there was not seen to be the owner, who comes now (GHSA-qq9h-g4jm-xgf3:
-- an account made ready in advance for somebody else's address). One session stays, if any: that which proves the address.
create or replace function gatehouse.strip_unproven_but(p_user_id text, p_session_id uuid) returns void
language plpgsql volatile
as $$
declare
  v public.oauth_connections;
begin
  update public.user_sessions set revoked_at = now() where id in (
    select s.id from public.user_sessions s
     where s.user_id = p_user_id and s.revoked_at is null and s.id is distinct from p_session_id order by s.id for update);
  update public.api_tokens set revoked_at = now() where user_id = p_user_id and revoked_at is null;
  delete from public.passkeys where user_id = p_user_id;
  delete from public.oauth_accounts where user_id = p_user_id;
  delete from public.known_devices where user_id = p_user_id;
  delete from public.user_integrations where user_id = p_user_id and created_by is not null;
  for v in select * from public.oauth_connections c
      where c.user_id = p_user_id and c.created_by is not null order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.strip_unproven_but(text, uuid) is 'Ends what was added to an account before its address was proven, but one session.';
--> statement-breakpoint
revoke all on function gatehouse.strip_unproven_but(text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.strip_unproven_but(text, uuid) to gatehouse_system;
