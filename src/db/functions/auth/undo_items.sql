-- Takes away what a report undoes; the caller holds the lock on the user's row. Integrations before connections, by id.
-- p_items: see report_items. Nothing of it is asked for again: who waits for the user's row looks at it afterwards.
create or replace function gatehouse.undo_items(p_user_id text, p_items jsonb) returns void
language plpgsql volatile
as $$
declare
  v_ids uuid[] := array(select (i->>'id')::uuid from jsonb_array_elements(p_items) i);
  v public.oauth_connections;
begin
  delete from public.passkeys where user_id = p_user_id and id = any (v_ids);
  delete from public.oauth_accounts where user_id = p_user_id and id = any (v_ids);
  update public.api_tokens set revoked_at = now() where id in (
    select t.id from public.api_tokens t where t.id = any (v_ids) and t.revoked_at is null order by t.id for update);
  perform from public.user_integrations ui where ui.id = any (v_ids) order by ui.id for update;
  delete from public.user_integrations where id = any (v_ids);
  for v in select * from public.oauth_connections c where c.id = any (v_ids) order by c.id for update loop
    perform gatehouse.drop_connection(v, gen_random_uuid());
  end loop;
end $$;
--> statement-breakpoint
comment on function gatehouse.undo_items(text, jsonb) is 'Takes away what a report undoes.';
--> statement-breakpoint
revoke all on function gatehouse.undo_items(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.undo_items(text, jsonb) to gatehouse_system;
