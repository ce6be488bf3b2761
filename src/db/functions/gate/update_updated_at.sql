-- Keeps updated_at true (requirement 3 §5.1).
create or replace function public.update_updated_at() returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end $$;
--> statement-breakpoint
comment on function public.update_updated_at() is 'Trigger: sets updated_at to the time of the transaction.';
--> statement-breakpoint
revoke all on function public.update_updated_at() from public;
