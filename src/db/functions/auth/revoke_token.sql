-- Ends a token of the subject, once; false when the subject has none of that id. It is in the history of a person: whose it
-- was, or who ended it for an organisation or the deployment. Definer, as create_token.
create or replace function gatehouse.revoke_token(p_token_id uuid, p_facts jsonb) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_token public.api_tokens := gatehouse.own_token(p_token_id);
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
begin
  if v_token.id is not null and v_token.revoked_at is null then
    update public.api_tokens set revoked_at = now() where id = v_token.id;
    if v_person is not null then
      perform gatehouse.record_login(v_person, 'token_revoked', null, p_facts);
    end if;
  end if;
  return v_token.id is not null;
end $$;
--> statement-breakpoint
comment on function gatehouse.revoke_token(uuid, jsonb) is 'Ends an API token of the subject; whether there is one.';
--> statement-breakpoint
revoke all on function gatehouse.revoke_token(uuid, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.revoke_token(uuid, jsonb) to gatehouse_member, gatehouse_admin;
