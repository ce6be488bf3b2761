-- A passkey whose signature the Worker found right: spends the challenge and moves the counter on, under the row's lock,
-- so that of two assertions with one counter one is refused. Refused only when either counter is not zero and the new
-- one is not greater (WebAuthn §7.2 step 22): synced passkeys always say zero. Answers 'used', 'repeated' or an error code.
-- p_proof: see spend_challenge, plus {passkeyId, counter, backedUp}
create or replace function gatehouse.use_passkey(p_proof jsonb) returns text
language plpgsql volatile
as $$
declare
  v_spent text := gatehouse.spend_challenge(p_proof);
  v_new bigint := p_proof->>'counter';
  v_old bigint;
begin
  if v_spent <> 'spent' then
    return case v_spent when 'repeated' then 'repeated' else 'passkey.challenge_used' end;
  end if;
  select p.counter into v_old from public.passkeys p where p.id = (p_proof->>'passkeyId')::uuid for update;
  if not found then
    return 'passkey.unknown';
  elsif (v_old <> 0 or v_new <> 0) and v_new <= v_old then
    return 'passkey.counter_regressed';
  end if;
  update public.passkeys
     set counter = v_new, last_used_at = now(), backed_up = (p_proof->>'backedUp')::boolean
   where id = (p_proof->>'passkeyId')::uuid;
  return 'used';
end $$;
--> statement-breakpoint
comment on function gatehouse.use_passkey(jsonb) is 'Spends the challenge and moves the counter of a passkey whose signature was right.';
--> statement-breakpoint
revoke all on function gatehouse.use_passkey(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.use_passkey(jsonb) to gatehouse_system;
