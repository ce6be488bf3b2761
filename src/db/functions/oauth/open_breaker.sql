-- Leaves a connector alone for a while, longer each time in a row, for the grants of one client. p_breaker: {connector, key
-- (gatehouse.breaker_key), isAlert, seconds, maxSeconds, failure}. maxSeconds bounds the first time too: a provider that asks
-- for longer (Retry-After) is not believed beyond it. Whoever finds it open already changes nothing. The first time that
-- the deployment's client is refused (isAlert) is an event: one alert, however many connections wait. Answers {isNew,
-- seconds}: how long it is open from now.
create or replace function gatehouse.open_breaker(p_breaker jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v public.connector_breakers;
  v_is_new boolean;
  v_max double precision := (p_breaker->>'maxSeconds')::double precision;
  v_seconds double precision := least(v_max, (p_breaker->>'seconds')::double precision);
begin
  insert into public.connector_breakers (connector_id, client_id, opened_at, open_until, last_failure)
  values (p_breaker->>'connector', p_breaker->>'key', now(), now() + make_interval(secs => v_seconds),
    p_breaker->'failure' || jsonb_build_object('at', now()))
  on conflict (connector_id, client_id) do nothing;
  v_is_new := found;
  if not v_is_new then
    update public.connector_breakers b
       set open_until = now() + make_interval(secs => least(v_max, v_seconds * 2 ^ least(b.trips, 20))),
           trips = b.trips + 1, last_failure = p_breaker->'failure' || jsonb_build_object('at', now())
     where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key'
       and b.open_until <= now();
  end if;
  select * into v from public.connector_breakers b
   where b.connector_id = p_breaker->>'connector' and b.client_id = p_breaker->>'key';
  if v_is_new and (p_breaker->>'isAlert')::boolean then
    insert into public.outbox (type, subject_id, payload) values ('connector.misconfigured', v.connector_id,
      jsonb_build_object('connector', v.connector_id, 'reason', p_breaker->'failure'->>'code'));
  end if;
  return jsonb_build_object('isNew', v_is_new,
    'seconds', greatest(1, coalesce(extract(epoch from v.open_until - now()), v_seconds)));
end $$;
--> statement-breakpoint
comment on function gatehouse.open_breaker(jsonb) is 'Leaves a connector alone for a while.';
--> statement-breakpoint
revoke all on function gatehouse.open_breaker(jsonb) from public;
--> statement-breakpoint
grant execute on function gatehouse.open_breaker(jsonb) to gatehouse_system;
