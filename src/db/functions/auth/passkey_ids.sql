-- The passkeys of a user as WebAuthn options list them.
create or replace function gatehouse.passkey_ids(p_user_id text) returns jsonb
language plpgsql stable
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('credentialId', encode(p.credential_id, 'hex'), 'transports', p.transports)
             order by p.created_at, p.id)
      from public.passkeys p where p.user_id = p_user_id
  ), '[]');
end $$;
--> statement-breakpoint
comment on function gatehouse.passkey_ids(text) is 'Credential ids and transports of a user, for WebAuthn options.';
--> statement-breakpoint
revoke all on function gatehouse.passkey_ids(text) from public;
