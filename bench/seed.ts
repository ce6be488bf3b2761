import { Client } from 'pg';
import { SESSION_PREFIX } from '../src/lib/credentials.ts';

/** The bearer secret of the seeded user of a number: of the right form, and known, unlike a real one. */
export function bearerOf(user: number): string {
  return SESSION_PREFIX + String(user).padStart(43, '0');
}

/** Bearers of at most `count` users, spread evenly over all of them. */
export function bearersOf(users: number, count: number): string[] {
  const many = Math.min(users, count);
  return Array.from({ length: many }, (_, i) => bearerOf(1 + Math.floor((i * users) / many)));
}

const STEP = 100_000;

/**
 * Fills a migrated, empty database with users of one live session each, as its owner, and brings the planner's
 * statistics up to date.
 */
export async function seedUsers(
  ownerUrl: string,
  users: number,
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
      if (users > STEP) onProgress(`${to.toLocaleString('en')} of ${users.toLocaleString('en')} users`);
    }
    await client.query('vacuum analyze users');
    await client.query('vacuum analyze user_sessions');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

/** A uuid v7 as `newId` makes them, of a second per number, repeatable. */
const idOf = (kind: 'user' | 'session') => `(lpad(to_hex(1700000000000 + n * 1000::bigint), 12, '0')
  || '7' || substr(md5('${kind}' || n), 1, 3) || '8' || substr(md5('${kind}' || n), 4, 15))::uuid`;

const INSERT_USERS = `insert into users (id, email, email_verified_at, display_name, time_zone)
  select ${idOf('user')}::text, 'user' || n || '@example.com', now(), 'User ' || n, 'Europe/Paris'
  from generate_series($1::int, $2::int) n`;

const INSERT_SESSIONS = `insert into user_sessions
    (id, user_id, session_token_hash, auth_method, device_type, device_name, browser, os, ip_address, expires_at)
  select ${idOf('session')}, ${idOf('user')}::text,
    encode(sha256(convert_to($3::text || lpad(n::text, 43, '0'), 'utf8')), 'hex'),
    'magic_link', 'desktop', 'Chrome on macOS', 'Chrome 131', 'macOS', '203.0.113.7', now() + interval '30 days'
  from generate_series($1::int, $2::int) n`;
