-- A token of this transaction's subject, locked; null when it has none of that id.
create or replace function gatehouse.own_token(p_token_id uuid) returns public.api_tokens
language plpgsql volatile
as $$
declare
  v_token public.api_tokens;
begin
  select * into v_token from public.api_tokens t
   where t.id = p_token_id and t.kind = gatehouse.token_owner_kind()
     and t.user_id is not distinct from gatehouse.uid()
     and t.organization_id is not distinct from gatehouse.organization_id() for update;
  return v_token;
end $$;
--> statement-breakpoint
comment on function gatehouse.own_token(uuid) is 'A live API token of the subject, its row locked.';
--> statement-breakpoint
revoke all on function gatehouse.own_token(uuid) from public;
