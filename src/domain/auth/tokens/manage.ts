import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { GatedContext } from '../../../context.ts';
import { ownedByOrganization, ownedByUser } from '../../../db/columns.ts';
import { apiTokens } from '../../../db/schema/index.ts';
import { firstValue, fixed, plain } from '../../../db/statement.ts';
import { AppError } from '../../../errors.ts';
import { apiTokenFrom, tokenPrefix } from '../../../lib/api-token.ts';
import { sha256Hex } from '../../../lib/secrets.ts';
import type { TokenKind } from '../../../scopes.ts';
import type { Operation } from '../../../operation.ts';
import { applyChange, newChange } from '../changes.ts';
import type { CreateTokenInput, NewTokenView, RotateTokenInput, TokenView } from './views.ts';

/*
 * Whose tokens these are, the gate has said: the subject's, an organisation's, or, entered as the platform, the
 * deployment's own. `gatehouse.token_owner_kind` reads it from the transaction.
 */

const DAY_SECONDS = 86_400;
const MAX_SHOWN = 200;

const owners = {
  personal: ownedByUser(apiTokens.userId),
  organization: ownedByOrganization(apiTokens.organizationId),
  service: eq(apiTokens.kind, 'service'),
} satisfies Record<TokenKind, SQL>;

const columns = {
  id: apiTokens.id,
  name: apiTokens.name,
  prefix: apiTokens.tokenPrefix,
  scopes: apiTokens.scopes,
  createdBy: apiTokens.createdBy,
  createdAt: apiTokens.createdAt,
  lastUsedAt: apiTokens.lastUsedAt,
  expiresAt: apiTokens.expiresAt,
  rotatedAt: apiTokens.rotatedAt,
};

/** What only an organisation's tokens have. */
const ofOthers = { makerName: sql<string | null>`null::text`, isFrozen: sql<boolean>`false` };
const ofOrganizations = {
  makerName: sql<string | null>`makers.maker_name`,
  isFrozen: sql<boolean>`coalesce(makers.is_frozen, true)`,
};

const liveTokens = (kind: TokenKind) =>
  fixed((db) => {
    const isLive = and(owners[kind], isNull(apiTokens.revokedAt), sql`${apiTokens.expiresAt} > now()`);
    const newest = [desc(apiTokens.createdAt), desc(apiTokens.id)];
    if (kind !== 'organization') {
      return db
        .select({ ...columns, ...ofOthers })
        .from(apiTokens)
        .where(isLive)
        .orderBy(...newest)
        .limit(MAX_SHOWN);
    }
    return db
      .select({ ...columns, ...ofOrganizations })
      .from(apiTokens)
      .leftJoin(sql`gatehouse.token_makers() makers`, sql`makers.token_id = ${apiTokens.id}`)
      .where(isLive)
      .orderBy(...newest)
      .limit(MAX_SHOWN);
  });

const lists = {
  personal: liveTokens('personal'),
  organization: liveTokens('organization'),
  service: liveTokens('service'),
} satisfies Record<TokenKind, unknown>;

/** The live tokens of the subject, newest first. Their secrets are not stored. */
export async function listTokens(ctx: GatedContext, kind: TokenKind): Promise<TokenView[]> {
  const [rows] = await ctx.gate((db) => [lists[kind](db)]);
  return rows;
}

/** Makes a token of the subject, at most fifty. One trip. @throws token.limit_reached */
export async function createToken(ctx: GatedContext, input: CreateTokenInput): Promise<NewTokenView> {
  const change = await newChange(ctx, null);
  const { token, row } = await newSecret(ctx.operation);
  const scopes = [...new Set(input.scopes)].toSorted();
  const stored = { ...row, name: input.name, scopes, seconds: input.expiresInDays * DAY_SECONDS };
  const params = [JSON.stringify(stored), JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.create_token($1::jsonb, $2::jsonb) as answer', params);
  const { expiresAt } = await applyChange<Created>(ctx, change, {
    statement,
    done: 'created',
    detail: () => input.name,
  });
  return { id: row.id, name: input.name, token, scopes, expiresAt: new Date(expiresAt).toISOString() };
}

/** Replaces a live token, once; the old one works on for the overlap. One trip. @throws token.not_found */
export async function rotateToken(ctx: GatedContext, input: RotateTokenInput): Promise<NewTokenView> {
  const change = await newChange(ctx, null);
  const { token, row } = await newSecret(ctx.operation);
  const stored = { ...row, overlapSeconds: input.overlapHours * 3600 };
  const params = [input.tokenId, JSON.stringify(stored), JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.rotate_token($1::uuid, $2::jsonb, $3::jsonb) as answer', params);
  const { name, scopes, expiresAt } = await applyChange<Created & { name: string; scopes: string[] }>(ctx, change, {
    statement,
    done: 'created',
    detail: ({ name: rotated }) => rotated,
  });
  return { id: row.id, name, token, scopes, expiresAt: new Date(expiresAt).toISOString() };
}

/** Ends a token of the subject. Ending an ended one succeeds. One trip. @throws token.not_found */
export async function revokeToken(ctx: GatedContext, tokenId: string): Promise<void> {
  const { facts } = await newChange(ctx, null);
  const params = [tokenId, JSON.stringify(facts)];
  const [rows] = await ctx.gate(() => [plain('select gatehouse.revoke_token($1::uuid, $2::jsonb) as found', params)]);
  if (!firstValue<boolean>(rows, 'found')) throw new AppError('token.not_found');
}

interface Created {
  readonly outcome: 'created';
  readonly expiresAt: string;
}

async function newSecret(operation: Operation) {
  const token = await apiTokenFrom(await operation.secret('token.secret'));
  const row = { id: await operation.id('token.id'), tokenHash: await sha256Hex(token), prefix: tokenPrefix(token) };
  return { token, row };
}
