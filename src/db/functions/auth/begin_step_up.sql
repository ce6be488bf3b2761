-- By what the subject can prove anew who they are: its passkeys, and whether a mail can go to a verified address.
create or replace function gatehouse.begin_step_up() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('passkeys', gatehouse.passkey_ids(u.id),
             'hasVerifiedEmail', u.email is not null and u.email_verified_at is not null)
      from public.users u where u.id = gatehouse.uid()
  );
end $$;
--> statement-breakpoint
comment on function gatehouse.begin_step_up() is 'By what the subject can prove anew who they are.';
--> statement-breakpoint
revoke all on function gatehouse.begin_step_up() from public;
--> statement-breakpoint
grant execute on function gatehouse.begin_step_up() to gatehouse_member;
