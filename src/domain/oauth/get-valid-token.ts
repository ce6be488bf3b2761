import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import { tripBreaker } from './breaker.ts';
import { leaseRules } from './lease-rules.ts';
import { isOfClient, type Refreshed } from './refresh-failure.ts';
import { refreshLeased } from './refresh.ts';
import { hasOwnClient, openSealed, type SealedConnection, sealedFor } from './vault.ts';
import type { ValidToken } from './views.ts';

/** Longer than the provider's deadline and a commit, so that the holder ends before somebody else begins. */
const LEASE_SECONDS = 30;
const WAIT_MS = 12_000;
/** With a token in hand that works: longer than a refresh usually takes, since some providers end the old one by it. */
const WAIT_WITH_TOKEN_MS = 5_000;
const FIRST_POLL_MS = 40;
const LONGEST_POLL_MS = 500;

/** Which connection: one by its id, or the connector's, of that account or else the primary one. */
export interface TokenRequest {
  readonly connectionId?: string;
  readonly connector?: string;
  readonly accountId?: string;
  /** Or the connection that serves a linked service: of this account there, or else the primary one. */
  readonly service?: string;
  readonly externalUserId?: string;
  /** What the caller is going to do with it. */
  readonly scopes?: readonly string[];
  /** Refresh it even if it is not due. */
  readonly isForced?: boolean;
}

interface TokenAnswer {
  readonly outcome: 'not_connected' | 'fresh' | 'leased' | 'busy' | 'failing' | 'needs_reauthorization';
  readonly connection: SealedConnection;
  readonly isUnanswered?: boolean;
  readonly retryAfter?: number;
}

/**
 * A token of the subject's that works, refreshed first when it is due. One trip when it is fresh; when due, one of many
 * callers refreshes (a lease in the database decides who) and the others wait for its token.
 * @throws connection.failing, connection.busy (both with `retryAfter`), connection.client_refused,
 *   connector.misconfigured, seal.…
 */
export async function getValidToken(ctx: GatedContext, request: TokenRequest): Promise<ValidToken> {
  const begunAt = Date.now();
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(LONGEST_POLL_MS, wait * 1.6)) {
    const leaseId = newId();
    // Each round depends on the one before.
    const answer = await ask(ctx, request, leaseId);
    const token = await settle(ctx, { request, answer, leaseId, waitedMs: Date.now() - begunAt });
    if (token) return token;
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
}

async function ask(ctx: GatedContext, request: TokenRequest, leaseId: string): Promise<TokenAnswer> {
  const { connectionId, connector, accountId, service, externalUserId, isForced } = request;
  const lease = { id: leaseId, seconds: LEASE_SECONDS, isForced, ...leaseRules };
  const params = [JSON.stringify({ connectionId, connector, accountId, service, externalUserId, lease })];
  const [rows] = await ctx.gate(() => [plain('select gatehouse.read_token($1::jsonb) as answer', params)]);
  return firstValue<TokenAnswer>(rows, 'answer');
}

interface Round {
  readonly request: TokenRequest;
  readonly answer: TokenAnswer;
  readonly leaseId: string;
  readonly waitedMs: number;
}

/** What one answer of the database comes to; null: ask again in a moment. */
async function settle(ctx: GatedContext, { request, answer, leaseId, waitedMs }: Round): Promise<ValidToken | null> {
  const { connection } = answer;
  switch (answer.outcome) {
    case 'not_connected':
      return { status: 'not_connected' };
    case 'needs_reauthorization':
      return needsReauthorization(connection);
    case 'fresh':
      return active(ctx, connection, request);
    case 'failing':
      if (isOwnClientRefused(connection)) throw new AppError('connection.client_refused');
      throw new AppError('connection.failing', { retryAfter: answer.retryAfter });
    case 'busy':
      if (waitedMs < (isStillGood(connection) && !request.isForced ? WAIT_WITH_TOKEN_MS : WAIT_MS)) return null;
      if (isStillGood(connection)) return active(ctx, connection, request);
      throw new AppError('connection.busy', { retryAfter: 5 });
    case 'leased': {
      const refresh = refreshLeased(ctx, answer, leaseId);
      // A caller who hangs up ends the request, and must not end it between the provider's answer and the vault.
      ctx.later(refresh);
      return afterRefresh(ctx, { request, connection }, await refresh);
    }
  }
}

async function afterRefresh(
  ctx: GatedContext,
  { request, connection }: { readonly request: TokenRequest; readonly connection: SealedConnection },
  refreshed: Refreshed,
): Promise<ValidToken | null> {
  switch (refreshed.kind) {
    case 'superseded':
      return null;
    case 'refreshed':
    case 'queued': {
      const { tokens } = refreshed;
      const expiresAt = tokens.expiresIn === null ? null : new Date(Date.now() + tokens.expiresIn * 1000).toISOString();
      const scopes = tokens.scopes?.join(' ') ?? connection.scopes;
      const { accessToken, tokenType } = tokens;
      return view({ ...connection, expiresAt, scopes, tokenType }, accessToken, request);
    }
    case 'ended':
      return needsReauthorization({
        ...connection,
        status: refreshed.status,
        lastFailure: { ...refreshed.failure, at: '' },
      });
    case 'failed':
      if (isOfClient(refreshed.failure)) await tripBreaker(ctx, connection, refreshed.failure);
      // The token in hand works on: that the next one is late is nothing to the caller yet.
      if (isStillGood(connection) && !request.isForced) return active(ctx, connection, request);
      throw refusalOf(connection, refreshed);
  }
}

/** The last refresh ended so: nothing but linking it again helps. */
function isOwnClientRefused(connection: SealedConnection): boolean {
  const { lastFailure } = connection;
  return lastFailure !== null && hasOwnClient(connection) && isOfClient(lastFailure);
}

function refusalOf(
  connection: SealedConnection,
  { failure, retryIn }: Extract<Refreshed, { kind: 'failed' }>,
): AppError {
  if (isOfClient(failure)) {
    return new AppError(hasOwnClient(connection) ? 'connection.client_refused' : 'connector.misconfigured');
  }
  if (failure.code === 'seal.unknown_key') return new AppError('seal.unknown_key');
  return new AppError('connection.failing', { retryAfter: Math.ceil(retryIn) });
}

function isStillGood({ accessToken, secondsLeft }: SealedConnection): boolean {
  return accessToken !== '' && (secondsLeft === null || secondsLeft > 5);
}

async function active(ctx: GatedContext, connection: SealedConnection, request: TokenRequest): Promise<ValidToken> {
  const context = sealedFor(connection, 'access_token');
  return view(connection, await openSealed(ctx.settings, connection.accessToken, context), request);
}

function view(connection: SealedConnection, accessToken: string, { scopes: needed = [] }: TokenRequest): ValidToken {
  const scopes = connection.scopes.split(' ').filter(Boolean);
  return {
    status: 'active',
    connectionId: connection.id,
    connector: connection.connector,
    accountId: connection.accountId,
    accessToken,
    tokenType: connection.tokenType,
    expiresAt: connection.expiresAt === null ? null : new Date(connection.expiresAt).toISOString(),
    scopes,
    missingScopes: needed.filter((scope) => !scopes.includes(scope)),
  };
}

function needsReauthorization({ id, connector, accountId, status, lastFailure }: SealedConnection): ValidToken {
  const reason = status === 'active' ? 'error' : status;
  return {
    status: 'needs_reauthorization',
    connectionId: id,
    connector,
    accountId,
    reason,
    code: lastFailure?.code ?? null,
  };
}
