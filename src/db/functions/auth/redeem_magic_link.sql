-- Turns a proven link into a session, once. The caller holds the row's lock. It returns a refusal and never raises,
-- since raising would roll the recorded failure back. The same (link, session) pair sent again gets the same success.
-- p_session: see create_session, plus newUserId and signUpOpen.
create or replace function gatehouse.redeem_magic_link(p_link_id uuid, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_link record;
  v_user record;
begin
  select * into v_link from public.magic_links where id = p_link_id;
  if v_link.used_at is not null then
    if v_link.session_id = (p_session->>'id')::uuid and exists (
      select from public.user_sessions s
       where s.id = v_link.session_id and s.session_token_hash = p_session->>'tokenHash' and s.revoked_at is null
    ) then
      return jsonb_build_object('outcome', 'signed_in', 'userId', v_link.user_id, 'redirectUrl', v_link.redirect_url,
        'expiresAt', (select s.expires_at from public.user_sessions s where s.id = v_link.session_id));
    end if;
    return jsonb_build_object('outcome', 'magic_link.used');
  end if;
  select u.id, u.suspended_at into v_user from public.users u
   where lower(u.email) = lower(v_link.email) for update;
  if v_link.expires_at <= now() then
    if v_user.id is not null then
      perform gatehouse.record_login(v_user.id, 'login_failed', 'magic_link.expired', p_session);
    end if;
    return jsonb_build_object('outcome', 'magic_link.expired');
  elsif v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return jsonb_build_object('outcome', 'user.suspended');
  elsif v_user.id is null then
    if not (p_session->>'signUpOpen')::boolean then
      return jsonb_build_object('outcome', 'sign_up.closed');
    end if;
    -- A second link for the same new address may have made the user meanwhile.
    insert into public.users (id, email) values (p_session->>'newUserId', v_link.email)
      on conflict ((lower(email))) do nothing;
    select u.id, u.suspended_at into v_user from public.users u
     where lower(u.email) = lower(v_link.email) for update;
    insert into public.outbox (type, user_id, subject_id) select 'user.created', v_user.id, v_user.id
     where v_user.id = p_session->>'newUserId';
  end if;
  update public.users set email_verified_at = now() where id = v_user.id and email_verified_at is null;
  perform gatehouse.create_session(v_user.id, p_session);
  update public.magic_links set used_at = now(), user_id = v_user.id, session_id = (p_session->>'id')::uuid
   where id = p_link_id;
  return jsonb_build_object('outcome', 'signed_in', 'userId', v_user.id, 'redirectUrl', v_link.redirect_url,
    'expiresAt', (select s.expires_at from public.user_sessions s where s.id = (p_session->>'id')::uuid));
end $$;
--> statement-breakpoint
comment on function gatehouse.redeem_magic_link(uuid, jsonb) is 'Turns a proven magic link into a session, once.';
--> statement-breakpoint
revoke all on function gatehouse.redeem_magic_link(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.redeem_magic_link(uuid, jsonb) to gatehouse_system;
