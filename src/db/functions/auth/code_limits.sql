-- How far six digits may be guessed. `mails`: how many mails to an address have a code within a day, whatever they are for (may_mail_code); later ones have the
-- link alone. `tries`: how many wrong codes a mail takes; `slow_tries`, once `slow_from` wrong codes were typed for the live
-- mails of the deployment. From `link_from` on codes are refused until those mails have expired; links work always.
create or replace function gatehouse.code_limits(
  out mails integer, out tries integer, out slow_tries integer, out slow_from integer, out link_from integer
)
language sql immutable
as $$
  select 10, 3, 1, 60, 200;
$$;
--> statement-breakpoint
comment on function gatehouse.code_limits() is 'How far six digits may be guessed: for an address, a mail and the deployment.';
--> statement-breakpoint
revoke all on function gatehouse.code_limits() from public;
--> statement-breakpoint
grant execute on function gatehouse.code_limits() to gatehouse_system;
