-- Scopes as the vault keeps them, with spaces between (RFC 6749 §3.3); null for none given.
create or replace function gatehouse.scopes_text(p_scopes jsonb) returns text
language plpgsql immutable
as $$
begin
  if p_scopes is null or p_scopes = 'null' then
    return null;
  elsif jsonb_typeof(p_scopes) <> 'array' or exists (
      select from jsonb_array_elements(p_scopes) s where jsonb_typeof(s) <> 'string' or s #>> '{}' !~ '^\S+$') then
    raise exception 'granted_scopes: a list of texts without spaces'
      using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  return (select coalesce(string_agg(s, ' '), '') from jsonb_array_elements_text(p_scopes) s);
end $$;
--> statement-breakpoint
comment on function gatehouse.scopes_text(jsonb) is 'Scopes as the vault keeps them.';
--> statement-breakpoint
revoke all on function gatehouse.scopes_text(jsonb) from public;
