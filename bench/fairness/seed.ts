/** The rows of a thousand users, and of one member who does their worst within the caps (docs/security.md). */
import type { Client } from 'pg';
import {
  type Grant,
  seedConnections,
  type SqlRunner,
  type VaultSettings,
} from '../../scripts/support/seed-connections.ts';
import { type SealedField, sealedFor } from '../../src/domain/oauth/vault.ts';
import { parseKeyRing } from '../../src/lib/keys.ts';
import { createSealer } from '../../src/lib/sealing.ts';
import type { GivenTokens } from '../sweep/grants.ts';
import { userIdOf } from '../seed.ts';

/** Others have the numbers from 2 on: the member's rows come first by id, owner and age. */
export const MEMBER = userIdOf(1);
export const OTHERS = 1_000;
/** Connections of them all: so many that the last batch, which is not full of theirs, does not count for much. */
export const ROWS = 3 * OTHERS;

const GRANTS = 200;
const LINKS = 1_000;
/** The most that the API takes of a token, and what sealed credentials may weigh. */
const TOKEN_LENGTH = 16_384;
const CREDENTIALS_LENGTH = 48_000;

/** Connections of each other user in turn, to these grants. */
export async function seedOthers(
  client: Client,
  settings: VaultSettings,
  given: readonly GivenTokens[],
): Promise<void> {
  const userIds = given.map((_, i) => userIdOf((i % OTHERS) + 2));
  await seedConnections(client, settings, { userIds, grants: given.map((tokens, i) => grantOf(`other-${i}`, tokens)) });
}

/** What the member may have: 200 grants with the longest tokens and a wrong client, 1,000 links with the longest credentials. */
export async function seedMember(client: Client, settings: VaultSettings): Promise<void> {
  const longest = (name: string) => name.padEnd(TOKEN_LENGTH, 'x');
  const grants = Array.from({ length: GRANTS }, (_, i) =>
    grantOf(`member-${i}`, { accessToken: longest(`access-${i}`), refreshToken: longest(`refresh-${i}`) }),
  );
  const own: VaultSettings = { ...settings, DEMO_CLIENT_ID: 'the-members-own' };
  await seedConnections(client, own, { userIds: grants.map(() => MEMBER), grants });
  const sealer = createSealer(parseKeyRing('TOKEN_KEYS', settings.TOKEN_KEYS, settings.TOKEN_KEY_ACTIVE));
  const seal = (field: SealedField, connector: string, accountId: string, value: string) =>
    sealer.seal(value, sealedFor({ owner: `user:${MEMBER}`, connector, accountId }, field));
  for (const { subject } of grants) {
    const secret = await seal('client_secret', 'demo', subject, 'wrong');
    await client.query('update oauth_connections set client_secret = $2 where account_id = $1', [subject, secret]);
  }
  const credentials = JSON.stringify({ value: 'c'.repeat(CREDENTIALS_LENGTH) });
  for (let i = 0; i < LINKS; i += 1) {
    const sealed = await seal('credentials', 'telegram', `link-${i}`, credentials);
    await client.query(INSERT_LINK, [MEMBER, `link-${i}`, JSON.stringify(sealed)]);
  }
}

/** By an account that stands for the unknown one, as whoever brings a grant has it. */
function grantOf(name: string, tokens: Pick<GivenTokens, 'accessToken' | 'refreshToken'>): Grant {
  return { ...tokens, subject: `unverified:${name}`, scope: 'openid' };
}

const INSERT_LINK = `insert into user_integrations (user_id, service_id, external_user_id, credentials)
  values ($1, 'telegram', $2, $3::jsonb)`;

/**
 * Rows that have expired: ten of each other user in each of four tables; and of the member as many as the rate limits let one
 * credential and one network make between two runs of the clean-up, ten minutes apart, all of them older.
 */
export async function seedExpired(client: SqlRunner, withMember: boolean): Promise<void> {
  for (const [table, statement, worst] of EXPIRED) {
    await client.query(`delete from ${table}`);
    await client.query(statement, ['user', OTHERS * 10, OTHERS, 0]);
    if (withMember) await client.query(statement, ['member', worst, 1, -1]);
    await client.query(`vacuum analyze ${table}`);
  }
}

/** Others are the users with a number from 2 on; `$3` of them in turn. */
const who = `(select id from users order by id limit 1 offset case when $4::int < 0 then 0 else 1 + i % $3::int end)`;
const age = (grace: string) =>
  `now() - interval '${grace}' - make_interval(days => 1 - $4::int) + make_interval(secs => i * 0.001)`;

/** Table, rows of `$2`, and how many the member makes in ten minutes. */
const EXPIRED: readonly (readonly [string, string, number])[] = [
  [
    'user_sessions',
    `insert into user_sessions (user_id, session_token_hash, auth_method, expires_at)
       select ${who}, $1 || i, 'passkey', ${age('7 days')} from generate_series(1, $2::int) i`,
    // 10 sign-ins in 10 seconds for a network.
    600,
  ],
  [
    'login_history',
    `insert into login_history (user_id, event_type, success, created_at)
       select ${who}, $1, true, ${age('365 days')} from generate_series(1, $2::int) i`,
    600,
  ],
  [
    'connection_events',
    `insert into connection_events (connection_id, user_id, connector_id, event, created_at)
       select gen_random_uuid(), ${who}, 'demo', $1, ${age('365 days')} from generate_series(1, $2::int) i`,
    // A read of each of 200 connections is noted once a minute.
    2_000,
  ],
  [
    'outbox',
    `insert into outbox (user_id, type, created_at, dispatched_at)
       select ${who}, $1, now(), ${age('7 days')} from generate_series(1, $2::int) i`,
    // 5,000 changes of links in a day, all of them at once.
    5_000,
  ],
];
