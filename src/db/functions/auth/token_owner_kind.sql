-- Whose tokens this transaction is about: the subject's, or, entered as the platform, the deployment's own. It asks for
-- the role as well, since the identity settings alone can be forged by whoever runs SQL as a member; the role cannot.
create or replace function gatehouse.token_owner_kind() returns text
language plpgsql stable
as $$
declare
  v_kind text := case when gatehouse.uid() is not null then 'personal'
    when gatehouse.organization_id() is not null then 'organization'
    when current_setting('role') = 'gatehouse_admin' then 'service' end;
begin
  if v_kind is null then
    raise exception 'gate.misused' using errcode = 'GH014';
  end if;
  return v_kind;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_owner_kind() is 'Which kind of API token this transaction may make and change.';
--> statement-breakpoint
revoke all on function gatehouse.token_owner_kind() from public;
