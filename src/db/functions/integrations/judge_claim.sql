-- Before a link is written: says whether its account at a messaging service is verified. A person's own word for an id is a
-- claim, which anybody could make; a backend has seen whose the id is (a service token, or a client of SQL: no person's
-- credential). At most one link of an id is verified: of a second user's the backend's word is a claim as well. An id that
-- did not change keeps what it has. Definer: it looks at links of anybody.
create or replace function gatehouse.judge_claim() returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.service_id, new.external_user_id) is not distinct from (old.service_id, old.external_user_id) then
    return new;
  end if;
  new.verified_at := case when coalesce(gatehouse.actor_kind(), 'service') = 'service'
      and exists (select from public.services s where s.id = new.service_id and s.type = 'messaging')
      and new.external_user_id is not null
      and not exists (select from public.user_integrations ui where ui.service_id = new.service_id
        and ui.external_user_id = new.external_user_id and ui.verified_at is not null and ui.id <> new.id)
    then now() end;
  return new;
end $$;
--> statement-breakpoint
comment on function gatehouse.judge_claim() is 'Whether the account of a link at a messaging service is verified, or claimed.';
--> statement-breakpoint
revoke all on function gatehouse.judge_claim() from public;
