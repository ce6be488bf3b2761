-- Turns a proven mail into a session, once, and makes the user at their first. The same (proof, session) pair sent again
-- gets the same success. The user's row is locked before the link's, since a report ("this wasn't me") expires links under
-- that lock: a sign-in that waited for it finds its link expired. p_proof: see prove_mail; p_session: see sign_in, plus newUserId and signUpOpen.
create or replace function gatehouse.sign_in_by_mail(p_proof jsonb, p_session jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_proof jsonb;
  v_link record;
  v_user record;
begin
  if p_proof ? 'tokenHash' then
    select * into v_link from public.magic_links where token_hash = p_proof->>'tokenHash';
  else
    select * into v_link from public.magic_links where id = (p_proof->>'linkId')::uuid;
  end if;
  -- Whoever did not ask for the link takes no lock by it.
  if v_link.browser_hash = p_proof->>'browserHash' then
    perform from public.users u where lower(u.email) = lower(v_link.email) for no key update;
  end if;
  v_proof := gatehouse.prove_mail('sign_in', p_proof, p_session);
  select * into v_link from public.magic_links where id = (v_proof->>'linkId')::uuid;
  if v_proof->>'outcome' = 'used' then
    return coalesce(case when v_link.session_id = (p_session->>'id')::uuid
      then gatehouse.session_answer(p_session) || jsonb_build_object('redirectUrl', v_link.redirect_url) end,
      '{"outcome": "magic_link.used"}');
  elsif v_proof->>'outcome' <> 'proven' then
    return v_proof;
  end if;
  select u.id, u.suspended_at into v_user from public.users u where lower(u.email) = lower(v_link.email) for no key update;
  if v_link.user_id <> v_user.id then
    -- The address was another account's when the mail was asked for.
    return '{"outcome": "magic_link.invalid"}';
  elsif v_user.suspended_at is not null then
    perform gatehouse.record_login(v_user.id, 'login_failed', 'user.suspended', p_session);
    return '{"outcome": "user.suspended"}';
  elsif v_user.id is null then
    if (gatehouse.reservation(v_link.email)).id is not null then
      return jsonb_build_object('outcome', 'email.moved', 'alert',
        gatehouse.tell_moved(v_link.email, p_session->'alert'));
    elsif not (p_session->>'signUpOpen')::boolean then
      return '{"outcome": "sign_up.closed"}';
    end if;
    -- A second link for the same new address may have made the user meanwhile.
    insert into public.users (id, email) values (p_session->>'newUserId', v_link.email)
      on conflict ((lower(email))) do nothing;
    select u.id, u.suspended_at into v_user from public.users u where lower(u.email) = lower(v_link.email) for no key update;
    insert into public.outbox (type, user_id, subject_id) select 'user.created', v_user.id, v_user.id
     where v_user.id = p_session->>'newUserId';
  end if;
  update public.users set email_verified_at = now() where id = v_user.id and email_verified_at is null;
  if found then
    perform gatehouse.strip_unproven_but(v_user.id, null);
  end if;
  update public.magic_links set used_at = now(), user_id = v_user.id where id = v_link.id;
  v_proof := gatehouse.sign_in(v_user.id, p_session);
  update public.magic_links set session_id = (p_session->>'id')::uuid where id = v_link.id;
  return v_proof || jsonb_build_object('redirectUrl', v_link.redirect_url);
end $$;
--> statement-breakpoint
comment on function gatehouse.sign_in_by_mail(jsonb, jsonb) is 'Signs in, or up, by a mailed link or code, once.';
--> statement-breakpoint
revoke all on function gatehouse.sign_in_by_mail(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.sign_in_by_mail(jsonb, jsonb) to gatehouse_system;
