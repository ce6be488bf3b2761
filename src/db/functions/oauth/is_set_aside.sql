-- Whether a row is left out by a job for now, since it could not be worked on the last time.
create or replace function gatehouse.is_set_aside(p_job text, p_table text, p_id uuid) returns boolean
language plpgsql stable
as $$
begin
  return exists (select from public.job_failures f
    where f.job = p_job and f.table_name = p_table and f.row_id = p_id and f.retry_at > now());
end $$;
--> statement-breakpoint
comment on function gatehouse.is_set_aside(text, text, uuid) is 'Whether a row is left out by a job for now.';
--> statement-breakpoint
revoke all on function gatehouse.is_set_aside(text, text, uuid) from public;
--> statement-breakpoint
grant execute on function gatehouse.is_set_aside(text, text, uuid) to gatehouse_system;
