-- Sets rows aside that a job could not work on: for an hour, then two, twice as long each time, a day at most. p_rows:
-- [{table, id, code}, …]. One that is set aside already stays so: the same statement sent again counts once.
create or replace function gatehouse.set_aside(p_job text, p_rows jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into public.job_failures as f (job, table_name, row_id, last_failure, retry_at)
  select p_job, r->>'table', (r->>'id')::uuid, jsonb_build_object('code', r->'code', 'at', now()), now() + interval '1 hour'
    from jsonb_array_elements(p_rows) r order by 2, 3
  on conflict (job, table_name, row_id) do update
    set attempts = f.attempts + 1, last_failure = excluded.last_failure,
        retry_at = now() + least(24, 2 ^ least(f.attempts, 5)) * interval '1 hour'
   where f.retry_at <= now();
end $$;
--> statement-breakpoint
comment on function gatehouse.set_aside(text, jsonb) is 'Sets rows aside that a job could not work on.';
--> statement-breakpoint
revoke all on function gatehouse.set_aside(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.set_aside(text, jsonb) to gatehouse_system;
