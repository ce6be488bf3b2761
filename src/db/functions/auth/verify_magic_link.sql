-- The token of the mailed link, in the browser that asked for it. Answers {outcome, …}: 'signed_in', or an error code.
create or replace function gatehouse.verify_magic_link(p_token_hash text, p_browser_hash text, p_session jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
begin
  select id, user_id, browser_hash into v_link from public.magic_links where token_hash = p_token_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'magic_link.invalid');
  elsif v_link.browser_hash is distinct from p_browser_hash then
    if v_link.user_id is not null then
      perform gatehouse.record_login(v_link.user_id, 'login_failed', 'magic_link.other_browser', p_session);
    end if;
    return jsonb_build_object('outcome', 'magic_link.other_browser');
  end if;
  return gatehouse.redeem_magic_link(v_link.id, p_session);
end $$;
--> statement-breakpoint
comment on function gatehouse.verify_magic_link(text, text, jsonb) is 'Redeems a magic link by its token and the browser that asked for it.';
--> statement-breakpoint
revoke all on function gatehouse.verify_magic_link(text, text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.verify_magic_link(text, text, jsonb) to gatehouse_system;
