-- The three session profiles: default (NIST 800-63B AAL1), strict (AAL2) and admin (AAL3), which every platform
-- administrator gets. p_profile is any other text: default.
create or replace function gatehouse.session_limits(p_profile text, out absolute interval, out idle interval)
language sql immutable
as $$
  select case p_profile when 'admin' then interval '12 hours' when 'strict' then interval '24 hours'
           else interval '30 days' end,
         case p_profile when 'admin' then interval '15 minutes' when 'strict' then interval '1 hour'
           else interval '7 days' end;
$$;
--> statement-breakpoint
comment on function gatehouse.session_limits(text) is 'How long a session of a profile lasts: at the most, and without use.';
--> statement-breakpoint
revoke all on function gatehouse.session_limits(text) from public;
--> statement-breakpoint
grant execute on function gatehouse.session_limits(text) to gatehouse_system;
