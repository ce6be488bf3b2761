-- What the Worker needs to check an assertion before it knows who signs: the public key, and whose. Null when unknown.
create or replace function gatehouse.find_passkey(p_credential_id bytea) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object('id', p.id, 'userId', p.user_id, 'publicKey', encode(p.public_key, 'hex'),
             'handle', encode(u.webauthn_handle, 'hex'))
      from public.passkeys p join public.users u on u.id = p.user_id
     where p.credential_id = p_credential_id
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.find_passkey(bytea) is 'A passkey by its credential id, for the signature to be checked against.';
--> statement-breakpoint
revoke all on function gatehouse.find_passkey(bytea) from public;
--> statement-breakpoint
grant execute on function gatehouse.find_passkey(bytea) to gatehouse_system;
