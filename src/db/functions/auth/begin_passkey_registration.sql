-- What a registration needs: the user's stable handle of 64 random bytes (WebAuthn §14.6.1; made at the first passkey,
-- never changed), names for the authenticator to show, and the passkeys there are. Definer, since no member reads or
-- writes the handle.
create or replace function gatehouse.begin_passkey_registration(p_new_handle bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform gatehouse.lock_actor();
  update public.users set webauthn_handle = p_new_handle where id = gatehouse.uid() and webauthn_handle is null;
  return (
    select jsonb_build_object('handle', encode(u.webauthn_handle, 'hex'), 'email', u.email, 'displayName', u.display_name,
             'passkeys', gatehouse.passkey_ids(u.id))
      from public.users u where u.id = gatehouse.uid()
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_passkey_registration(bytea) is 'The subject as WebAuthn names it, and the passkeys it has; gives it its handle at the first.';
--> statement-breakpoint
revoke all on function gatehouse.begin_passkey_registration(bytea) from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_passkey_registration(bytea) to gatehouse_member;
