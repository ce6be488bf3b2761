-- Makes a token for the subject. The person is told: whose it is, or who made it for an organisation or the deployment.
-- Definer: nobody writes tokens but these functions.
-- p_token: see insert_token; p_facts: see record_login, plus alert {id, tokenHash}
create or replace function gatehouse.create_token(p_token jsonb, p_facts jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_created jsonb := gatehouse.insert_token(p_token);
  v_person text := coalesce(gatehouse.uid(), gatehouse.actor_user_id());
begin
  if v_created->>'outcome' = 'created' and v_person is not null then
    perform gatehouse.record_login(v_person, 'token_created', null, p_facts);
    v_created := v_created || jsonb_build_object('alert', gatehouse.raise_alert(v_person,
      gatehouse.token_alert('created'), p_facts->'alert', null, '{}'));
  end if;
  return v_created;
end $$;
--> statement-breakpoint
comment on function gatehouse.create_token(jsonb, jsonb) is 'Makes an API token for the subject.';
--> statement-breakpoint
revoke all on function gatehouse.create_token(jsonb, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.create_token(jsonb, jsonb) to gatehouse_member, gatehouse_admin;
