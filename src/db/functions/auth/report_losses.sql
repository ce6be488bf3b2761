-- What was taken from an account since a moment, and what no report can bring back. Answers [{kind, count}].
create or replace function gatehouse.report_losses(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'count', l.count) order by l.kind), '[]')
      from (
        select h.event_type as kind, count(*) as count from public.login_history h
         where h.user_id = p_user_id and h.created_at >= p_from and h.success
           and h.event_type in ('passkey_removed', 'account_unlinked', 'token_revoked', 'token_rotated')
         group by h.event_type
        union all
        select 'connection_disconnected', count(*) from public.connection_events e
         where e.user_id = p_user_id and e.created_at >= p_from and e.event = 'disconnected'
           and e.actor_kind in ('session', 'personal')
        having count(*) > 0) l);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_losses(text, timestamptz) is 'What was taken from an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_losses(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_losses(text, timestamptz) to gatehouse_system;
