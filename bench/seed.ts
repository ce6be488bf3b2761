import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { seedConnections, type VaultSettings } from '../scripts/support/seed-connections.ts';
import { apiTokenFrom, tokenPrefix } from '../src/lib/api-token.ts';
import { SESSION_PREFIX } from '../src/lib/credentials.ts';
import { sha256Hex } from '../src/lib/secrets.ts';

/** Those who call during the load: the same users by session and by API token. Secrets are known, unlike real ones. */
export interface Callers {
  /** The number of the user whose secrets stand at the same place. */
  readonly users: readonly number[];
  readonly sessions: readonly string[];
  readonly tokens: readonly string[];
}

/** As many as show that no answer is remembered, and few enough to be built in no time. */
const DISTINCT_CALLERS = 5_000;

/** At most `count` users, spread evenly over all of them, with credentials of the form the service issues. */
export async function callersOf(users: number, count = DISTINCT_CALLERS): Promise<Callers> {
  const many = Math.min(users, count);
  const chosen = Array.from({ length: many }, (_, i) => 1 + Math.floor((i * users) / many));
  const padded = chosen.map((user) => String(user).padStart(43, '0'));
  return {
    users: chosen,
    sessions: padded.map((digits) => SESSION_PREFIX + digits),
    tokens: await Promise.all(padded.map(apiTokenFrom)),
  };
}

const STEP = 100_000;

/**
 * Fills a migrated, empty database with users of one live session and one personal API token each, as its owner, and
 * brings the planner's statistics up to date. Callers get the credentials they call with; nobody knows the others.
 */
export async function seedUsers(
  ownerUrl: string,
  users: number,
  callers: Callers,
  onProgress: (line: string) => void = () => {},
): Promise<void> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    // Losing the seed in a crash would cost nothing.
    await client.query('set synchronous_commit = off');
    for (let from = 1; from <= users; from += STEP) {
      const to = Math.min(users, from + STEP - 1);
      await client.query(INSERT_USERS, [from, to]);
      await client.query(INSERT_SESSIONS, [from, to, SESSION_PREFIX]);
      await client.query(INSERT_TOKENS, [from, to]);
      if (users > STEP) onProgress(`${to.toLocaleString('en')} of ${users.toLocaleString('en')} users`);
    }
    const hashes = await Promise.all(callers.tokens.map(sha256Hex));
    await client.query(GIVE_TOKENS, [callers.users, hashes, callers.tokens.map(tokenPrefix)]);
    for (const table of ['users', 'user_sessions', 'api_tokens']) await client.query(`vacuum analyze ${table}`);
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

/**
 * Gives each caller a connection whose token is fresh. Its use was noted a day from now: noting is for once a minute and
 * connection, and a measurement takes longer.
 */
export async function seedFreshConnections(
  ownerUrl: string,
  settings: VaultSettings,
  { users }: Callers,
): Promise<void> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const userIds = users.map(userIdOf);
    const grants = users.map((user) => ({
      subject: `account-${user}`,
      accessToken: `access-${user}`.padEnd(TOKEN_LENGTH, '.'),
      refreshToken: `refresh-${user}`.padEnd(TOKEN_LENGTH, '.'),
      scope: 'openid email profile offline_access',
    }));
    const times = { expiresIn: 2 * DAY, nextRefreshIn: DAY, lastUsedIn: DAY };
    await seedConnections(client, settings, { userIds, grants, times });
    await client.query('vacuum analyze oauth_connections');
  } finally {
    await client.end();
  }
}

const DAY = 86_400;
/** As long as Google's access tokens are. */
const TOKEN_LENGTH = 220;

/** The id of a user by its number, as `INSERT_USERS` makes it: a uuid v7 of a second per number, repeatable. */
export function userIdOf(user: number): string {
  const time = (1_700_000_000_000 + user * 1000).toString(16).padStart(12, '0');
  const hash = createHash('md5').update(`user${user}`).digest('hex');
  const digits = `${time}7${hash.slice(0, 3)}8${hash.slice(3, 18)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A uuid v7 as `newId` makes them, of a second per number, repeatable. */
const idOf = (kind: 'user' | 'session' | 'token') => `(lpad(to_hex(1700000000000 + n * 1000::bigint), 12, '0')
  || '7' || substr(md5('${kind}' || n), 1, 3) || '8' || substr(md5('${kind}' || n), 4, 15))::uuid`;

const INSERT_USERS = `insert into users (id, email, email_verified_at, display_name, time_zone)
  select ${idOf('user')}::text, 'user' || n || '@example.com', now(), 'User ' || n, 'Europe/Paris'
  from generate_series($1::int, $2::int) n`;

/** Proven a day from now: a session reads provider tokens within ten minutes of it, and a measurement takes longer. */
const INSERT_SESSIONS = `insert into user_sessions
    (id, user_id, session_token_hash, auth_method, device_type, device_name, browser, os, ip_address, authenticated_at,
     expires_at)
  select ${idOf('session')}, ${idOf('user')}::text,
    encode(sha256(convert_to($3::text || lpad(n::text, 43, '0'), 'utf8')), 'hex'),
    'magic_link', 'desktop', 'Chrome on macOS', 'Chrome 131', 'macOS', '203.0.113.7', now() + interval '1 day',
    now() + interval '30 days'
  from generate_series($1::int, $2::int) n`;

/** SQL of 15 has no CRC-32, so these are hashes of nothing that could be called with. Used just now, as sessions are. */
const INSERT_TOKENS = `insert into api_tokens
    (id, kind, user_id, created_by, name, token_hash, token_prefix, scopes, last_used_at, expires_at)
  select ${idOf('token')}, 'personal', ${idOf('user')}::text, ${idOf('user')}::text, 'Nightly import',
    encode(sha256(convert_to('token ' || n, 'utf8')), 'hex'), 'gtk_0000',
    '["profile:read"]', now(), now() + interval '90 days'
  from generate_series($1::int, $2::int) n`;

const GIVE_TOKENS = `update api_tokens t set token_hash = given.hash, token_prefix = given.prefix
  from unnest($1::int[], $2::text[], $3::text[]) as given(n, hash, prefix)
  where t.id = ${idOf('token')}`;
