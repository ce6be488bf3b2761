import * as z from 'zod';
import type { MigrationConnection } from '../../src/db/migrate/index.ts';
import { isApiToken, newApiToken, tokenPrefix } from '../../src/lib/api-token.ts';
import { isUuid, newId } from '../../src/lib/ids.ts';
import { sha256Hex } from '../../src/lib/secrets.ts';
import type { Scope } from '../../src/scopes.ts';
import { table } from '../migrate/output.ts';
import { ask, isoTime } from './ask.ts';
import { Refusal, type Result } from './result.ts';

/** A service token to be made. */
export interface WantedToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly days: number;
}

/** Makes a service token. The result holds its secret, which is stored as SHA-256 alone. */
export async function createServiceToken(connection: MigrationConnection, wanted: WantedToken): Promise<Result> {
  const token = newApiToken();
  const { name, scopes } = wanted;
  const [made] = await ask(connection, MadeRow, {
    query: `${insert} returning id::text, ${isoTime('expires_at')} as "expiresAt"`,
    params: await rowOf(token, wanted),
  });
  if (!made) throw new Refusal('internal.error', 'The token was not stored.');
  const told = `Service token ${made.id} ("${name}": ${scopes.join(', ')}), good until ${made.expiresAt}.`;
  return {
    data: { token, ...made, name, scopes },
    lines: [token],
    notes: [told, 'Keep the secret now: it is not shown again.'],
  };
}

/**
 * Stores a service token whose secret is known, such as the development server's, or gives the one that is there these
 * scopes and this expiry.
 * @returns whether it is live: a revoked one stays revoked
 */
export async function keepServiceToken(
  connection: MigrationConnection,
  token: string,
  wanted: WantedToken,
): Promise<boolean> {
  const rows = await connection.single({
    query: `${insert} on conflict (token_hash) do update
      set name = excluded.name, scopes = excluded.scopes, expires_at = excluded.expires_at
      where api_tokens.kind = 'service' and api_tokens.revoked_at is null
      returning id::text`,
    params: await rowOf(token, wanted),
  });
  return rows.length === 1;
}

/** The service tokens there are, newest first. Nobody else's. */
export async function listServiceTokens(connection: MigrationConnection): Promise<Result> {
  const tokens = (await ask(connection, ListedRow, { query: listQuery })).map(({ scopes, ...token }) => ({
    ...token,
    scopes: z.array(z.string()).parse(JSON.parse(scopes)),
  }));
  const rows = tokens.map((token) => [
    token.id,
    `${token.prefix}…`,
    token.state,
    token.expiresAt ?? 'never',
    token.lastUsedAt ?? 'never',
    token.name,
    token.scopes.join(', '),
  ]);
  const head = ['ID', 'PREFIX', 'STATE', 'EXPIRES', 'LAST USED', 'NAME', 'SCOPES'];
  return { data: { tokens }, lines: rows.length > 0 ? table([head, ...rows]) : ['There are no service tokens.'] };
}

/**
 * Ends a token of any kind, named by its id or by its secret: who finds a leaked one has the latter. A user's history
 * notes it.
 * @throws Refusal token.not_found
 */
export async function revokeToken(connection: MigrationConnection, idOrSecret: string): Promise<Result> {
  const isSecret = isApiToken(idOrSecret);
  const missing = new Refusal(
    'token.not_found',
    isSecret ? 'That token was never given out here, or is long gone.' : 'There is no API token of that id.',
  );
  if (!isSecret && !isUuid(idOrSecret)) throw missing;
  const [token] = await ask(connection, EndedRow, {
    query: isSecret ? revokeQuery('token_hash = $1') : revokeQuery('id = $1::uuid'),
    params: [isSecret ? await sha256Hex(idOrSecret) : idOrSecret],
  });
  if (!token) throw missing;
  const line = token.changed
    ? `The ${token.kind} token ${token.id} ("${token.name}") is revoked.`
    : `The ${token.kind} token ${token.id} ("${token.name}") was revoked already.`;
  return { data: token, lines: [line] };
}

const insert = `insert into public.api_tokens (id, kind, name, token_hash, token_prefix, scopes, expires_at)
  values ($1::uuid, 'service', $2, $3, $4, $5::jsonb, now() + make_interval(hours => 24 * $6::integer))`;

async function rowOf(token: string, { name, scopes, days }: WantedToken): Promise<string[]> {
  return [newId(), name, await sha256Hex(token), tokenPrefix(token), JSON.stringify(scopes), String(days)];
}

const MadeRow = z.object({ id: z.string(), expiresAt: z.string() });

const ListedRow = z.object({
  id: z.string(),
  prefix: z.string(),
  name: z.string(),
  scopes: z.string(),
  state: z.enum(['live', 'expired', 'revoked']),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});

/** That user and organisation are null follows from the kind; said, it lets the indexes on them be used. */
const listQuery = `select id::text, token_prefix as prefix, name, scopes::text as scopes,
    case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' else 'live' end as state,
    ${isoTime('created_at')} as "createdAt", ${isoTime('expires_at')} as "expiresAt",
    ${isoTime('last_used_at')} as "lastUsedAt"
  from public.api_tokens
  where kind = 'service' and user_id is null and organization_id is null
  order by created_at desc, id desc`;

const EndedRow = z.object({ id: z.string(), kind: z.string(), name: z.string(), changed: z.boolean() });

const revokeQuery = (named: string) => `with changed as (
    update public.api_tokens set revoked_at = now() where ${named} and revoked_at is null returning id, user_id
  ), noted as (
    insert into public.login_history (user_id, event_type, success)
    select user_id, 'token_revoked', true from changed where user_id is not null
  )
  select id::text, kind, name, exists (select from changed) as changed from public.api_tokens where ${named}`;
