-- Keeps an effect of this call with its key, in the transaction in which it happens, so that the call sent again changes
-- nothing any more. p_answer: ids and numbers, no secrets. Without a key, or a name of the effect, there is nothing to keep.
-- Definer: nobody writes the table.
create or replace function gatehouse.keep_effect(p_effect text, p_answer jsonb) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.idempotency_keys k set effects = k.effects || jsonb_build_object(p_effect, p_answer)
   where k.key_hash = nullif(current_setting('gatehouse.operation', true), '')
     and p_effect is not null and k.effects->p_effect is distinct from p_answer;
end $$;
--> statement-breakpoint
comment on function gatehouse.keep_effect(text, jsonb) is 'Keeps an effect of this call with its key.';
--> statement-breakpoint
revoke all on function gatehouse.keep_effect(text, jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.keep_effect(text, jsonb) to gatehouse_member, gatehouse_sql;
