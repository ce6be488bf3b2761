-- Whether one more mail to an address may have a code: so many do within a day (code_limits), for whatever they are. Codes
-- of a step-up count for the user too, whose address may have been another one this morning. Later mails have the link
-- alone, which works always, so nobody is kept out. p_user_id: of a step-up; null for other mails.
create or replace function gatehouse.may_mail_code(p_email text, p_user_id text) returns boolean
language plpgsql stable
as $$
declare
  v_mails integer := (select l.mails from gatehouse.code_limits() l);
begin
  return (
      select count(*) < v_mails from public.magic_links m
       where lower(m.email) = lower(p_email) and m.created_at > now() - interval '24 hours' and m.code_hash is not null)
    and (p_user_id is null or (
      select count(*) < v_mails from public.magic_links m
       where m.user_id = p_user_id and m.purpose = 'step_up' and m.created_at > now() - interval '24 hours'
         and m.code_hash is not null));
end $$;
--> statement-breakpoint
comment on function gatehouse.may_mail_code(text, text) is 'Whether one more mail to an address may have a code.';
--> statement-breakpoint
revoke all on function gatehouse.may_mail_code(text, text) from public;
--> statement-breakpoint
grant execute on function gatehouse.may_mail_code(text, text) to gatehouse_system;
