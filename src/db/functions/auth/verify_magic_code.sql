-- The six digits of the mail, typed in the browser that asked for it; at most three tries (ASVS 6.5.4). The row is
-- found by the browser's own secret, so nobody else's tries count. p_code_hashes: one per lookup key in the ring.
create or replace function gatehouse.verify_magic_code(p_link_id uuid, p_browser_hash text, p_code_hashes text[], p_session jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
begin
  select id, user_id, code_hash, attempts, used_at into v_link from public.magic_links
   where id = p_link_id and browser_hash = p_browser_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'code.invalid');
  elsif v_link.attempts >= 3 then
    return jsonb_build_object('outcome', 'code.exhausted', 'attemptsLeft', 0);
  elsif v_link.code_hash = any (p_code_hashes) then
    return gatehouse.redeem_magic_link(v_link.id, p_session);
  end if;
  update public.magic_links set attempts = attempts + 1 where id = v_link.id;
  if v_link.user_id is not null then
    perform gatehouse.record_login(v_link.user_id, 'login_failed', 'code.invalid', p_session);
  end if;
  return jsonb_build_object('outcome', 'code.invalid', 'attemptsLeft', 2 - v_link.attempts);
end $$;
--> statement-breakpoint
comment on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) is 'Redeems a magic link by its six-digit code; three tries.';
--> statement-breakpoint
revoke all on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.verify_magic_code(uuid, text, text[], jsonb) to gatehouse_system;
