-- How many wrong codes a mail takes just now; 0: codes are not taken, and the link is asked for. It depends on the wrong codes
-- of all live mails, whatever they are for, read from their index, and no further than it takes to know.
create or replace function gatehouse.code_tries() returns integer
language plpgsql stable
as $$
declare
  v_limits record;
  v_wrong bigint;
begin
  select * into v_limits from gatehouse.code_limits();
  select sum(m.attempts) into v_wrong from (
    select l.attempts from public.magic_links l where l.expires_at > now() and l.attempts > 0
     limit v_limits.link_from) m;
  return case when v_wrong >= v_limits.link_from then 0
    when v_wrong >= v_limits.slow_from then v_limits.slow_tries else v_limits.tries end;
end $$;
--> statement-breakpoint
comment on function gatehouse.code_tries() is 'How many wrong codes a mail takes, by how many were typed lately.';
--> statement-breakpoint
revoke all on function gatehouse.code_tries() from public;
--> statement-breakpoint
grant execute on function gatehouse.code_tries() to gatehouse_system;
