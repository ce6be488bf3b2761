-- Which alert tells of a token that was made or replaced, by whose it is: token_…, organization_token_…, service_token_….
create or replace function gatehouse.token_alert(p_what text) returns text
language plpgsql stable
as $$
begin
  return case gatehouse.token_owner_kind() when 'personal' then '' else gatehouse.token_owner_kind() || '_' end
    || 'token_' || p_what;
end $$;
--> statement-breakpoint
comment on function gatehouse.token_alert(text) is 'Which alert tells of a token that was made or replaced.';
--> statement-breakpoint
revoke all on function gatehouse.token_alert(text) from public;
