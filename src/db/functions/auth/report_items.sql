-- What a person added to an account since a moment, and elsewhere by its credentials: what a report takes away, and what
-- the person may tick as their own. Links and connections raise no mail, so no alert says when a hijacker began with them:
-- they go back a day further. What was granted or linked anew is among it whole: what it was before is not kept. What a
-- trusted backend brought is not. Definer, since the system reads no memberships. Answers [{kind, id, name, createdAt}].
create or replace function gatehouse.report_items(p_user_id text, p_from timestamptz) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_unmailed_from timestamptz := p_from - interval '1 day';
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'id', i.id, 'name', i.name, 'createdAt', i.created_at)
             order by i.created_at, i.id), '[]')
      from (
        select 'passkey' as kind, p.id, p.device_name as name, p.created_at
          from public.passkeys p where p.user_id = p_user_id and p.created_at >= p_from
        union all
        select 'social_account', a.id, a.provider, a.created_at
          from public.oauth_accounts a where a.user_id = p_user_id and a.created_at >= p_from
        union all
        select t.kind || '_token', t.id, t.name, t.created_at
          from public.api_tokens t
         where t.id in (select o.id from public.api_tokens o where o.user_id = p_user_id
             union select c.id from public.api_tokens c where c.created_by = p_user_id)
           and t.created_at >= p_from and t.revoked_at is null
        union all
        select 'integration', ui.id, concat_ws(': ', s.name,
                 coalesce(nullif(ui.display_label, ''), nullif(ui.external_username, ''), ui.external_user_id)), l.linked_at
          from gatehouse.report_links(p_user_id, v_unmailed_from) l join public.user_integrations ui on ui.id = l.integration_id
          join public.services s on s.id = ui.service_id
        union all
        select 'connection', c.id, concat_ws(': ', c.connector_id, c.connector_metadata->c.connector_id->>'email'), g.granted_at
          from gatehouse.report_grants(p_user_id, v_unmailed_from) g join public.oauth_connections c on c.id = g.connection_id) i);
end $$;
--> statement-breakpoint
comment on function gatehouse.report_items(text, timestamptz) is 'What a person added to an account since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_items(text, timestamptz) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_items(text, timestamptz) to gatehouse_system;
