import pg from 'pg';

/**
 * Statements that make that many integrations, five a user, with a grant for two of them; and a share of each kind of
 * lack: no grant, no account id, nothing at all, run out, expired, revoked, unreadable. User i is `plan-<i>`.
 */
const statements = (users: number): readonly string[] => [
  // What keys and triggers would check one by one is right by the way it is made.
  'set session_replication_role = replica',
  "set synchronous_commit = 'off'",
  `insert into users (id, email) select 'plan-' || i, 'plan-' || i || '@example.com' from generate_series(1, ${users}) i`,
  `insert into oauth_connections (id, user_id, connector_id, account_id, access_token, refresh_token, scopes, expires_at, status)
     select md5('grant' || n)::uuid, 'plan-' || n / 2 + 1, 'google', 'account-' || n, 'gatehouse:1:dev:x',
            case when n % 100 <> 1 then 'gatehouse:1:dev:x' end, 'openid', now() + (n % 200 - 10) * interval '1 minute',
            (case when n % 100 = 2 then 'expired' when n % 500 = 3 then 'revoked' when n % 500 = 4 then 'error'
              else 'active' end)::oauth_status
       from generate_series(0, ${users} * 2 - 1) n`,
  `insert into user_integrations (id, user_id, service_id, connection_id, external_user_id, is_active, created_at, updated_at)
     select md5('integration' || n)::uuid, 'plan-' || n / 5 + 1,
            (array['gmail', 'google_calendar', 'telegram', 'signal', 'whatsapp'])[n % 5 + 1],
            case when n % 5 < 2 and n / 5 % 100 <> 7 then md5('grant' || n / 5 * 2 + n % 5)::uuid end,
            case when n % 5 < 2 or n / 5 % 100 <> 8 then 'account-' || n end, n % 50 <> 49,
            now() - interval '1 year', now() - interval '1 month'
       from generate_series(0, ${users} * 5 - 1) n`,
  'vacuum (analyze) users, oauth_connections, user_integrations, services',
];

/** Fills an empty database. */
export async function seedIntegrations(ownerUrl: string, integrations: number): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    for (const statement of statements(integrations / 5)) await client.query(statement);
  } finally {
    await client.end();
  }
}
