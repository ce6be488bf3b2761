-- Whether this very operation was done before: its answer was lost, and it was sent again. p_facts: {eventId}
create or replace function gatehouse.has_happened(p_facts jsonb) returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select from public.login_history h
     where h.id = (p_facts->>'eventId')::uuid and h.user_id = gatehouse.uid() and h.success);
end $$;
--> statement-breakpoint
comment on function gatehouse.has_happened(jsonb) is 'Whether the operation of these facts is in the history of the subject already.';
--> statement-breakpoint
revoke all on function gatehouse.has_happened(jsonb) from public;
