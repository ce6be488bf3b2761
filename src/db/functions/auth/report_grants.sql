-- The connections that a person granted, or granted anew, since a moment: those of the user, whoever it was, and those of
-- organisations and others that a credential of the user granted, the tokens that the user made for organisations and the
-- deployment among them. Tokens that one credential brings again and again are one event an hour (keep_tokens): so an event
-- of the hour before counts as well where something was granted since. By connection, whose trail has an index.
create or replace function gatehouse.report_grants(p_user_id text, p_from timestamptz)
returns table (connection_id uuid, granted_at timestamptz)
language plpgsql stable
as $$
begin
  return query
    select c.id, coalesce(min(e.created_at) filter (where e.created_at >= p_from), max(e.created_at))
      from public.oauth_connections c
      join public.connection_events e on e.connection_id = c.id and e.created_at >= p_from - interval '1 hour'
     where c.id in (
         select o.id from public.oauth_connections o where o.user_id = p_user_id
         union select o.id from public.oauth_connections o where o.created_by = p_user_id
         union select o.id from public.memberships m join public.oauth_connections o on o.organization_id = m.organization_id
          where m.user_id = p_user_id)
       and e.event in ('connected', 'reconnected', 'recovered')
       and (e.created_at >= p_from or c.granted_at >= p_from)
       and (c.user_id = p_user_id and e.actor_kind in ('session', 'personal')
         or e.actor_id in (select s.id::text from public.user_sessions s where s.user_id = p_user_id
             union all select t.id::text from public.api_tokens t where t.user_id = p_user_id
             union all select m.id::text from public.api_tokens m where m.created_by = p_user_id))
     group by c.id;
end $$;
--> statement-breakpoint
comment on function gatehouse.report_grants(text, timestamptz) is 'The connections that a person granted since a moment.';
--> statement-breakpoint
revoke all on function gatehouse.report_grants(text, timestamptz) from public;
