-- The ids that a person keeps of what a report would undo. A kept integration keeps the connection that serves it, and a
-- kept connection the integrations on it: one without the other would be lost or of no use.
create or replace function gatehouse.report_kept(p_items jsonb, p_keep jsonb) returns uuid[]
language plpgsql stable
as $$
declare
  v_items uuid[] := array(select (i->>'id')::uuid from jsonb_array_elements(p_items) i);
  v_keep uuid[] := array(select k::uuid from jsonb_array_elements_text(coalesce(p_keep, '[]')) k);
begin
  return array(
    select unnest(v_keep)
    union select ui.connection_id from public.user_integrations ui where ui.id = any (v_keep) and ui.id = any (v_items)
      and ui.connection_id = any (v_items)
    union select ui.id from public.user_integrations ui
     where ui.id = any (v_items) and ui.connection_id = any (v_keep) and ui.connection_id = any (v_items));
end $$;
--> statement-breakpoint
comment on function gatehouse.report_kept(jsonb, jsonb) is 'The ids that a person keeps of what a report would undo.';
--> statement-breakpoint
revoke all on function gatehouse.report_kept(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.report_kept(jsonb, jsonb) to gatehouse_system;
