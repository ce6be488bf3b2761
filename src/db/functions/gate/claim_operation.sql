-- Remembers which input an Idempotency-Key came with, before anything else of the call runs. The same call sent again
-- passes; the same key with other input is refused (GH023), as is a key older than 24 hours (GH024). A key that was first
-- used on another day is refused with that day (GH025): the Worker derives ids and secrets from the day, and sends the call
-- again with the right one. Two calls at once wait for each other here, whether or not the row was there before either: the
-- second then reads what the first has kept. What of the call has happened is known for the rest of the transaction: see
-- gatehouse.effects. Definer: nobody reads the table.
create or replace function gatehouse.claim_operation(p_key_hash text, p_input_hash text, p_day bigint) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v public.idempotency_keys;
begin
  insert into public.idempotency_keys (key_hash, input_hash, day) values (p_key_hash, p_input_hash, p_day)
    on conflict (key_hash) do nothing;
  if found then
    perform set_config('gatehouse.operation', p_key_hash, true);
    return;
  end if;
  select * into v from public.idempotency_keys k where k.key_hash = p_key_hash for no key update;
  if v.input_hash is distinct from p_input_hash then
    raise exception 'idempotency_key.reused' using errcode = 'GH023';
  elsif v.created_at <= now() - interval '24 hours' then
    raise exception 'idempotency_key.expired' using errcode = 'GH024';
  elsif v.day <> p_day then
    raise exception 'idempotency_key.other_day' using errcode = 'GH025', detail = v.day;
  end if;
  perform set_config('gatehouse.operation', p_key_hash, true), set_config('gatehouse.effects', v.effects::text, true);
end $$;
--> statement-breakpoint
comment on function gatehouse.claim_operation(text, text, bigint) is 'Holds a call to the input that its Idempotency-Key first came with.';
--> statement-breakpoint
revoke all on function gatehouse.claim_operation(text, text, bigint) from public;
--> statement-breakpoint
grant execute on function gatehouse.claim_operation(text, text, bigint) to gatehouse_member, gatehouse_admin, gatehouse_system;
