-- A mailed proof as it is stored, whichever call stored it: {expiresAt, isNew, isLive, hasCode}. isNew: this transaction
-- stored it, so no earlier try has mailed it. A mail whose link is used or expired goes out no more.
create or replace function gatehouse.mailed_proof(p_id uuid) returns jsonb
language sql stable
as $$
  select jsonb_build_object('expiresAt', m.expires_at, 'isNew', m.created_at = now(),
      'isLive', m.used_at is null and m.expires_at > now(), 'hasCode', m.code_hash is not null)
    from public.magic_links m where m.id = p_id;
$$;
--> statement-breakpoint
comment on function gatehouse.mailed_proof(uuid) is 'Until when a mailed proof is good, whether it is new and still good, and whether it has a code.';
--> statement-breakpoint
revoke all on function gatehouse.mailed_proof(uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.mailed_proof(uuid) to gatehouse_system;
