-- A row as the jobs that seal take it: {table, id, owner, connector, accountId, values: {field: text}}. Of a row that no
-- answer holds the values are left out, and isTooLarge says so.
create or replace function gatehouse.vault_entry(p_row jsonb, p_values jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  if octet_length(p_values::text) > gatehouse.answer_limit() then
    return p_row || '{"values": {}, "isTooLarge": true}';
  end if;
  return p_row || jsonb_build_object('values', jsonb_strip_nulls(p_values));
end $$;
--> statement-breakpoint
comment on function gatehouse.vault_entry(jsonb, jsonb) is 'A row as the jobs that seal take it.';
--> statement-breakpoint
revoke all on function gatehouse.vault_entry(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.vault_entry(jsonb, jsonb) to gatehouse_system;
