-- Adds a passkey to the subject, at most ten (as Supabase, Hanko and Clerk), and tells the owner. Definer, since members
-- write no credentials. The same operation sent again succeeds.
-- p_passkey: {id, credentialId, publicKey, aaguid (hex), counter, name, transports, backedUp, challengeHash,
-- challengeExpiresAt, purpose, operationId}; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.register_passkey(p_passkey jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id text := gatehouse.uid();
  v_spent text;
begin
  perform gatehouse.lock_actor();
  v_spent := gatehouse.spend_challenge(p_passkey);
  if v_spent = 'used' then
    return '{"outcome": "passkey.challenge_used"}';
  elsif v_spent = 'spent' then
    if (select count(*) from public.passkeys p where p.user_id = v_user_id) >= 10 then
      return '{"outcome": "passkey.limit_reached"}';
    end if;
    insert into public.passkeys
      (id, user_id, credential_id, public_key, counter, device_name, transports, aaguid, backed_up)
    values ((p_passkey->>'id')::uuid, v_user_id, decode(p_passkey->>'credentialId', 'hex'),
      decode(p_passkey->>'publicKey', 'hex'), (p_passkey->>'counter')::bigint, p_passkey->>'name',
      p_passkey->'transports', decode(p_passkey->>'aaguid', 'hex'), (p_passkey->>'backedUp')::boolean)
    on conflict (credential_id) do nothing;
    if not found then
      return '{"outcome": "passkey.exists"}';
    end if;
    perform gatehouse.record_login(v_user_id, 'passkey_added', null, p_facts);
  end if;
  return jsonb_build_object('outcome', case when exists (
      select from public.passkeys p where p.id = (p_passkey->>'id')::uuid and p.user_id = v_user_id)
      then 'registered' else 'passkey.challenge_used' end,
    'alert', gatehouse.raise_alert(v_user_id, 'passkey_added', p_facts->'alert', null, '{}'));
end $$;
--> statement-breakpoint
comment on function gatehouse.register_passkey(jsonb, jsonb) is 'Adds a passkey whose attestation the Worker has checked; at most ten.';
--> statement-breakpoint
revoke all on function gatehouse.register_passkey(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.register_passkey(jsonb, jsonb) to gatehouse_member;
