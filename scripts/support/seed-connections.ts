/** Connections in numbers, without a sign-in: grants sealed into the vault as the Worker would. For tests and benchmarks. */
import { type SealedField, sealedFor } from '../../src/domain/oauth/vault.ts';
import { newId } from '../../src/lib/ids.ts';
import { parseKeyRing } from '../../src/lib/keys.ts';
import { createSealer, type Sealer } from '../../src/lib/sealing.ts';
import type { SeededGrant } from './oidc-provider.ts';

/** The Worker's settings that say what to seal under, and whose client the grants are. */
export interface VaultSettings {
  readonly TOKEN_KEYS: string;
  readonly TOKEN_KEY_ACTIVE: string;
  readonly DEMO_CLIENT_ID: string;
}

/** SQL as the owner of the database. */
export interface SqlRunner {
  query(text: string, params?: readonly unknown[]): Promise<unknown>;
}

export type Grant = Pick<SeededGrant, 'subject' | 'accessToken' | 'refreshToken' | 'scope'>;

export interface ConnectionSeeds {
  /** One connection each, to the grant at the same place. */
  readonly userIds: readonly string[];
  readonly grants: readonly Grant[];
  /** Due already, with tokens that work for ten minutes more, unless given. */
  readonly times?: ConnectionTimes;
}

/** Seconds from now; null: none. */
export interface ConnectionTimes {
  readonly expiresIn: number;
  readonly nextRefreshIn: number;
  readonly lastUsedIn: number | null;
}

const DUE: ConnectionTimes = { expiresIn: 600, nextRefreshIn: -1, lastUsedIn: null };
const STEP = 1000;

/** Stores one connection of the demo connector for each user, a thousand in a statement. @returns their ids, in order */
export async function seedConnections(
  owner: SqlRunner,
  settings: VaultSettings,
  { userIds, grants, times = DUE }: ConnectionSeeds,
): Promise<string[]> {
  const sealer = createSealer(parseKeyRing('TOKEN_KEYS', settings.TOKEN_KEYS, settings.TOKEN_KEY_ACTIVE));
  const ids: string[] = [];
  for (let at = 0; at < grants.length; at += STEP) {
    const part = grants.slice(at, at + STEP);
    const rows = await Promise.all(part.map((grant, i) => sealedRow(sealer, userIds[at + i] ?? '', grant)));
    ids.push(...rows.map(({ id }) => id));
    const { expiresIn, nextRefreshIn, lastUsedIn } = times;
    await owner.query(INSERT, [JSON.stringify(rows), settings.DEMO_CLIENT_ID, expiresIn, nextRefreshIn, lastUsedIn]);
  }
  return ids;
}

async function sealedRow(sealer: Sealer, userId: string, grant: Grant) {
  const key = { owner: `user:${userId}`, connector: 'demo', accountId: grant.subject };
  const seal = (field: SealedField, value: string) => sealer.seal(value, sealedFor(key, field));
  return {
    id: newId(),
    user_id: userId,
    account_id: grant.subject,
    access_token: await seal('access_token', grant.accessToken),
    refresh_token: await seal('refresh_token', grant.refreshToken),
    scopes: grant.scope,
  };
}

const fromNow = (parameter: string) => `now() + make_interval(secs => ${parameter}::double precision)`;

const INSERT = `insert into oauth_connections (id, user_id, connector_id, account_id, client_id, access_token,
    refresh_token, scopes, expires_at, next_refresh_at, last_used_at)
  select r.id, r.user_id, 'demo', r.account_id, $2, r.access_token, r.refresh_token, r.scopes,
    ${fromNow('$3')}, ${fromNow('$4')}, ${fromNow('$5')}
  from jsonb_to_recordset($1::jsonb) as r (id uuid, user_id text, account_id text, access_token text,
    refresh_token text, scopes text)`;
