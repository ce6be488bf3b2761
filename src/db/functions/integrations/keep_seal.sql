-- Refuses to give a link another account while it holds sealed values: they are sealed for the account, and would not
-- open.
create or replace function gatehouse.keep_seal() returns trigger
language plpgsql volatile
as $$
begin
  if (old.user_id, old.service_id, old.external_user_id)
        is distinct from (new.user_id, new.service_id, new.external_user_id)
      and (new.auth_code = old.auth_code and gatehouse.is_sealed(new.auth_code)
        or new.credentials = old.credentials and gatehouse.is_sealed(new.credentials #>> '{}')) then
    raise exception 'Its sealed values belong to the account that it has: link the other account instead'
      using errcode = 'GH020', detail = 'integration.sealed';
  end if;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_seal() is 'Refuses another account under sealed values.';
--> statement-breakpoint
revoke all on function gatehouse.keep_seal() from public;
