import type { Owner } from './owner.ts';

/** What each seeded user has one of; `i` is the user's number, and `plan-<i>` the id. */
const rows: Readonly<Record<string, string>> = {
  users: `(id, email) select 'plan-' || i, 'plan-' || i || '@example.com'`,
  user_sessions: `(user_id, session_token_hash, auth_method, expires_at)
    select 'plan-' || i, 'plan-' || i, 'magic_link', now() + interval '1 day'`,
  login_history: `(user_id, event_type, success) select 'plan-' || i, 'login_success', true`,
  passkeys: `(user_id, credential_id, public_key) select 'plan-' || i, decode(md5('plan-' || i), 'hex'), '\\x00'`,
  oauth_accounts: `(user_id, provider, issuer, provider_user_id)
    select 'plan-' || i, 'demo', 'https://plan.example', 'plan-' || i`,
  api_tokens: `(kind, user_id, name, token_hash, token_prefix, expires_at)
    select 'personal', 'plan-' || i, 'x', 'plan-' || i, 'gtk_xxxx', now() + interval '1 day'`,
  magic_links: `(user_id, email, token_hash, code_hash, browser_hash, expires_at)
    select 'plan-' || i, 'plan-' || i || '@example.com', 'plan-' || i, 'x', 'x', now() + interval '1 day'`,
  security_alerts: `(user_id, kind, token_hash, expires_at, email, email_since)
    select 'plan-' || i, 'new_device', 'plan-' || i, now() + interval '1 day', 'plan-' || i || '@example.com', now()`,
  email_changes: `(user_id, previous_email, previous_since, email)
    select 'plan-' || i, 'plan-' || i || '@old.example', now(), 'plan-' || i || '@example.com'`,
  known_devices: `(user_id, device_hash) select 'plan-' || i, 'plan-' || i`,
  oauth_states: `(state_hash, purpose, connector, browser_hash, expires_at)
    select 'plan-' || i, 'sign_in', 'demo', 'x', now() + interval '1 day'`,
  spent_challenges: `(challenge_hash, purpose, operation_id, expires_at)
    select 'plan-' || i, 'passkey.sign_in', gen_random_uuid(), now() + interval '1 day'`,
};

/** Many users with all that an account has, once for a database, so that plans are those of a large one. */
export async function seedAccounts(owner: Owner, users: number): Promise<void> {
  const [known] = await owner.query("select id from users where id = 'plan-1'");
  if (known) return;
  for (const [table, columns] of Object.entries(rows)) {
    await owner.query(`insert into ${table} ${columns} from generate_series(1, ${users}) i`);
    await owner.query(`analyze ${table}`);
  }
}
