-- What was taken from an account since a moment, or elsewhere by its credentials, and no report can bring back; and how many
-- tokens were used that the user made for organisations or the deployment: nothing tells all that they did. Links and
-- connections go back a day further, as in report_items. Answers [{kind, count}].
create or replace function gatehouse.report_losses(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable
as $$
declare
  v_unmailed_from timestamptz := p_from - interval '1 day';
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'count', l.count) order by l.kind), '[]')
      from (
        select h.event_type as kind, count(*) as count from public.login_history h
         where h.user_id = p_user_id and h.created_at >= p_from and h.success
           and h.event_type in ('passkey_removed', 'account_unlinked', 'token_revoked', 'token_rotated')
         group by h.event_type
        union all
        select case e.event when 'disconnected' then 'connection_disconnected' else 'integration_unlinked' end,
               count(distinct e.connection_id)
          from public.connection_events e
         where e.id in (
             select o.id from public.connection_events o where o.user_id = p_user_id and o.created_at >= v_unmailed_from
             union select a.id from public.connection_events a where a.actor_user_id = p_user_id and a.created_at >= v_unmailed_from)
           and e.actor_kind in ('session', 'personal')
           and (e.event = 'disconnected' or e.event = 'integration.unlinked' and not exists (
             select from public.user_integrations ui
              where ui.id = e.connection_id and (ui.is_active or ui.created_at >= v_unmailed_from)))
         group by e.event
        union all
        select 'service_token_used', count(*) from public.api_tokens t
         where t.created_by = p_user_id and t.kind <> 'personal' and t.created_at >= p_from and t.last_used_at is not null
        having count(*) > 0) l);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_losses(text, timestamptz) is 'What was taken from an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_losses(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_losses(text, timestamptz) to gatehouse_system;
