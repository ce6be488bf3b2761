-- Holds the token of a mailed link, or its six digits, against the row: right purpose, right browser, in time, at most
-- three tries at the digits (ASVS 6.5.4), fewer or none while the deployment is being guessed at (code_tries). A code's row
-- is found by the browser's own secret, so nobody else's tries count against it. It answers and never raises, since raising
-- would roll the recorded failure back, and keeps the row locked. A code that let its sender in is recognised when the
-- answer was lost and it is sent again, whatever tries are left by then.
-- Answers {outcome: 'proven' | 'used' | an error code, linkId, attemptsLeft}.
-- p_proof: {tokenHash, browserHash} or {linkId, codeHashes (one per lookup key), browserHash}; p_facts: see record_login
create or replace function gatehouse.prove_mail(p_purpose text, p_proof jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
  v_outcome text := 'proven';
  v_tries integer := case when p_proof ? 'tokenHash' then 0 else gatehouse.code_tries() end;
begin
  if p_proof ? 'tokenHash' then
    select * into v_link from public.magic_links
     where token_hash = p_proof->>'tokenHash' and purpose = p_purpose for update;
  else
    select * into v_link from public.magic_links
     where id = (p_proof->>'linkId')::uuid and purpose = p_purpose and browser_hash = p_proof->>'browserHash' for update;
  end if;
  if v_link.id is null then
    v_outcome := case when p_proof ? 'tokenHash' then 'magic_link.invalid' else 'code.invalid' end;
  elsif v_link.browser_hash is distinct from p_proof->>'browserHash' then
    v_outcome := 'magic_link.other_browser';
  elsif v_link.used_at is not null and p_proof->'codeHashes' ? v_link.code_hash then
    return jsonb_build_object('outcome', 'used', 'linkId', v_link.id);
  elsif not p_proof ? 'tokenHash' and (v_link.code_hash is null or v_tries = 0) then
    return '{"outcome": "code.link_required"}';
  elsif not p_proof ? 'tokenHash' and v_link.attempts >= v_tries then
    return jsonb_build_object('outcome', 'code.exhausted', 'attemptsLeft', 0);
  elsif not p_proof ? 'tokenHash' and not p_proof->'codeHashes' ? v_link.code_hash then
    v_outcome := 'code.invalid';
    update public.magic_links set attempts = attempts + 1 where id = v_link.id;
  elsif v_link.used_at is not null then
    return jsonb_build_object('outcome', 'used', 'linkId', v_link.id);
  elsif v_link.expires_at <= now() then
    v_outcome := 'magic_link.expired';
  end if;
  if v_outcome <> 'proven' and v_link.user_id is not null then
    perform gatehouse.record_login(v_link.user_id, 'login_failed', v_outcome, p_facts);
  end if;
  return jsonb_build_object('outcome', v_outcome, 'linkId', v_link.id,
    'attemptsLeft', case v_outcome when 'code.invalid' then v_tries - 1 - v_link.attempts end);
end $$;
--> statement-breakpoint
comment on function gatehouse.prove_mail(text, jsonb, jsonb) is 'Holds a mailed link or code against its row: proven, used, or why not.';
--> statement-breakpoint
revoke all on function gatehouse.prove_mail(text, jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.prove_mail(text, jsonb, jsonb) to gatehouse_system;
