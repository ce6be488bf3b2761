grant select (verified_at) on user_integrations to gatehouse_member;
--> statement-breakpoint
create trigger user_integrations_judge_claim before insert or update of external_user_id on user_integrations
  for each row execute function gatehouse.judge_claim();
--> statement-breakpoint
-- What backends linked so far was their word: the earliest of each id at a messaging service.
update user_integrations set verified_at = created_at where id in (
  select distinct on (ui.service_id, ui.external_user_id) ui.id
    from user_integrations ui join services s on s.id = ui.service_id
   where s.type = 'messaging' and ui.created_by is null and ui.external_user_id is not null
   order by ui.service_id, ui.external_user_id, ui.created_at, ui.id);
