/** Writes sealed users into our tables, many rows a statement. */
import { CONNECTOR } from './sealing-contexts.ts';
import type { SealedUser } from './seal-user.ts';
import type { LegacySession } from './session.ts';

/** What holds for all rows of a run. */
export interface WriteOptions {
  readonly runId: string;
  /** In which zone dates without one are meant. */
  readonly timeZone: string;
  /** Over how many seconds from now grants that are due at once are spread. */
  readonly spread: number;
}

/**
 * Whom an earlier rollback left among ours is taken over: the legacy row is the newer one. An address that changed there
 * is not proven here.
 */
const USERS = `insert into public.users as u
    (id, email, display_name, position, role, phone_number, time_zone, metadata, created_at)
  select r.id, r.email, r.display_name, r.position, r.role, r.phone_number, r.time_zone, r.metadata::jsonb || r.secrets::jsonb,
    coalesce(r.created_at::timestamptz, r.created_local::timestamp at time zone $2, now())
  from json_to_recordset($1::text::json) r (id text, email text, display_name text, position text, role text, phone_number text,
    time_zone text, metadata text, secrets text, created_at text, created_local text)
  on conflict (id) do update set email = excluded.email,
    email_verified_at = case when lower(u.email) = lower(excluded.email) then u.email_verified_at end,
    display_name = excluded.display_name, position = excluded.position, role = excluded.role, phone_number = excluded.phone_number, time_zone = excluded.time_zone,
    metadata = u.metadata || excluded.metadata, created_at = excluded.created_at`;

/**
 * A refresh is due within the last quarter of an hour of a token; what has run out already, some time in the spread. What is
 * not sealed is not refreshed: sealing it makes it due.
 */
const CONNECTIONS = `insert into public.oauth_connections as c
    (id, user_id, connector_id, account_id, client_id, client_secret, access_token, refresh_token, expires_at, scopes, status,
     next_refresh_at, identify_at)
  select r.id::uuid, r.user_id, $3, r.account_id, r.client_id, r.client_secret, coalesce(r.access_token, ''), r.refresh_token, e.at,
    r.scopes, (case when r.is_expired then 'expired' else 'active' end)::public.oauth_status,
    case when r.is_expired or left(r.refresh_token, 12) is distinct from 'gatehouse:1:' then null
      when e.at > now() then e.at - least(interval '15 minutes', (e.at - now()) / 2) * random()
      else now() + make_interval(secs => $4::double precision * random()) end,
    case when not r.is_expired and coalesce(r.access_token, r.refresh_token) is not null
      then now() + make_interval(secs => $4::double precision * random()) end
  from json_to_recordset($1::text::json) r (id text, user_id text, account_id text, client_id text, client_secret text,
      access_token text, refresh_token text, is_expired boolean, scopes text, expires_at text, expires_local text),
    lateral (select case when r.access_token is null then to_timestamp(0)
      else coalesce(r.expires_at::timestamptz, r.expires_local::timestamp at time zone $2) end as at) e
  on conflict (owner, connector_id, account_id) do update set client_id = excluded.client_id, client_secret = excluded.client_secret,
    access_token = excluded.access_token, refresh_token = excluded.refresh_token, expires_at = excluded.expires_at,
    scopes = excluded.scopes, status = excluded.status, next_refresh_at = excluded.next_refresh_at,
    identify_at = excluded.identify_at, version = c.version + 1, lease_id = null, lease_until = null, lease_doubtful = false,
    failure_count = 0, failing_since = null, last_failure = null`;

/** As old as their user: the oldest account of a service is its primary one. A label that stayed is kept. */
const INTEGRATIONS = `with made as (insert into public.user_integrations as ui
      (id, user_id, service_id, is_active, connection_id, auth_code, external_user_id, credentials, created_at)
    select r.id::uuid, r.user_id, r.service_id, r.is_active, case when r.connection_id is not null then
        (select c.id from public.oauth_connections c where c.owner = 'user:' || r.user_id and c.connector_id = $3
          and c.account_id = gatehouse.unverified_account(r.service_id, null)) end, r.auth_code, r.external_user_id,
      r.credentials::jsonb, u.created_at
    from json_to_recordset($1::text::json) r (id text, user_id text, service_id text, is_active boolean, connection_id text,
      auth_code text, external_user_id text, credentials text) join public.users u on u.id = r.user_id
    on conflict (user_id, service_id, external_user_id) do update set is_active = excluded.is_active,
      connection_id = coalesce(excluded.connection_id, ui.connection_id), auth_code = excluded.auth_code,
      credentials = coalesce(excluded.credentials, ui.credentials)
    returning ui.id, ui.user_id, ui.service_id)
  insert into public.legacy_links (run_id, integration_id, user_id, slot)
  select $2::uuid, m.id, m.user_id, m.service_id from made m`;

/** Writes a batch. The caller holds the transaction. */
export async function writeUsers(
  session: LegacySession,
  users: readonly SealedUser[],
  { runId, timeZone, spread }: WriteOptions,
): Promise<void> {
  const connections = users.flatMap((user) => user.connections);
  const integrations = users.flatMap((user) => user.integrations);
  await session.query(USERS, [JSON.stringify(users.map(({ user }) => user)), timeZone]);
  await session.query(CONNECTIONS, [JSON.stringify(connections), timeZone, CONNECTOR, spread]);
  await session.query(INTEGRATIONS, [JSON.stringify(integrations), runId, CONNECTOR]);
}
