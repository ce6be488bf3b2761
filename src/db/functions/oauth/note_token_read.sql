-- Notes that a token was handed out, and to whom: at most once a minute, and never waiting for anybody; but to somebody else
-- than its owner each time, so that the owner's own reads hide nobody's.
create or replace function gatehouse.note_token_read(p_connection public.oauth_connections) returns void
language plpgsql volatile
as $$
begin
  update public.oauth_connections set last_used_at = now() where id in (
    select c.id from public.oauth_connections c
     where c.id = p_connection.id and (c.last_used_at is null or c.last_used_at < now() - interval '1 minute')
       for no key update skip locked);
  if found or gatehouse.actor_user_id() <> p_connection.user_id then
    perform gatehouse.note_connection(p_connection, '{"event": "token_read"}');
  end if;
end $$;
--> statement-breakpoint
comment on function gatehouse.note_token_read(public.oauth_connections) is 'Notes the use of a connection, at most once a minute.';
--> statement-breakpoint
revoke all on function gatehouse.note_token_read(public.oauth_connections) from public;
