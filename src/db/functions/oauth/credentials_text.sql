-- Credentials of an integration as the text that is sealed: the envelope of sealed ones, else their JSON.
create or replace function gatehouse.credentials_text(p_credentials jsonb) returns text
language sql immutable parallel safe
as $$
select case when gatehouse.is_sealed(p_credentials #>> '{}') then p_credentials #>> '{}' else p_credentials::text end
$$;
--> statement-breakpoint
comment on function gatehouse.credentials_text(jsonb) is 'Credentials of an integration as the text that is sealed.';
--> statement-breakpoint
revoke all on function gatehouse.credentials_text(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.credentials_text(jsonb) to gatehouse_system;
