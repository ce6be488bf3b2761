-- Makes a WebAuthn challenge good for one use: the unique hash decides which of many got it. The same operation sent
-- again (a lost answer) is told 'repeated'. p_proof: {challengeHash, challengeExpiresAt, purpose, operationId}
create or replace function gatehouse.spend_challenge(p_proof jsonb) returns text
language plpgsql volatile
as $$
begin
  insert into public.spent_challenges (challenge_hash, purpose, operation_id, expires_at)
  values (p_proof->>'challengeHash', p_proof->>'purpose', (p_proof->>'operationId')::uuid,
    (p_proof->>'challengeExpiresAt')::timestamptz)
  on conflict (challenge_hash) do nothing;
  if found then
    return 'spent';
  end if;
  return case when exists (
    select from public.spent_challenges c
     where c.challenge_hash = p_proof->>'challengeHash' and c.operation_id = (p_proof->>'operationId')::uuid
  ) then 'repeated' else 'used' end;
end $$;
--> statement-breakpoint
comment on function gatehouse.spend_challenge(jsonb) is 'Spends a WebAuthn challenge: spent, repeated (same operation), or used.';
--> statement-breakpoint
revoke all on function gatehouse.spend_challenge(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.spend_challenge(jsonb) to gatehouse_system;
