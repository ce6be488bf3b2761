-- Refuses what no link can hold, and names the key: a text that is none or is too long, metadata that is no object, a
-- time that is none, credentials of more than 64 KiB (sealed, or as text). p_link: what link_integration takes, or a part
-- of it. Raises GH018, GH029.
create or replace function gatehouse.check_link(p_link jsonb) returns void
language plpgsql stable
as $$
declare
  v_key text;
  v_limit integer;
begin
  for v_key, v_limit in select * from (values
      ('user_id', 255), ('service_id', 255), ('external_user_id', 255), ('external_username', 255),
      ('display_label', 255), ('client_id', 255), ('client_secret', 8192), ('access_token', 65536),
      ('refresh_token', 65536), ('token_expires_at', 255)) limits loop
    if jsonb_typeof(p_link->v_key) in ('object', 'array', 'boolean') then
      raise exception '%: a text', v_key using errcode = 'GH018', detail = 'integration.incomplete';
    elsif length(p_link->>v_key) > v_limit then
      raise exception '%: at most % characters', v_key, v_limit
        using errcode = 'GH018', detail = 'integration.incomplete';
    end if;
  end loop;
  if jsonb_typeof(p_link->'metadata') not in ('object', 'null') then
    raise exception 'metadata: an object' using errcode = 'GH018', detail = 'integration.incomplete';
  end if;
  if octet_length(p_link->>'credentials') > 65536 then
    raise exception 'credentials: at most 64 KiB, sealed' using errcode = 'GH029', detail = 'integration.too_large';
  end if;
  begin
    perform nullif(p_link->>'token_expires_at', '')::timestamptz;
  exception when data_exception then
    raise exception 'token_expires_at: not a time' using errcode = 'GH018', detail = 'integration.incomplete';
  end;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_link(jsonb) is 'Refuses what no link can hold, and names the key.';
--> statement-breakpoint
revoke all on function gatehouse.check_link(jsonb) from public;
