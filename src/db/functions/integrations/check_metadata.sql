-- Refuses metadata of a link that came to more than 16 KiB, with what was there. Raises GH029.
create or replace function gatehouse.check_metadata(p_metadata jsonb) returns void
language plpgsql immutable
as $$
begin
  if octet_length(p_metadata::text) > 16384 then
    raise exception 'metadata: at most 16 KiB, with what is there' using errcode = 'GH029', detail = 'integration.too_large';
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.check_metadata(jsonb) is 'Refuses metadata of a link above 16 KiB.';
--> statement-breakpoint
revoke all on function gatehouse.check_metadata(jsonb) from public;
