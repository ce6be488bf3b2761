import type { GatedContext } from '../../context.ts';
import type { Gate } from '../../db/gate.ts';
import { firstValue, plain, type PlainResult, type PlainStatement } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { getValidToken } from '../oauth/get-valid-token.ts';
import type { ValidToken } from '../oauth/views.ts';
import type { ServiceTokenInput } from './inputs.ts';
import type { ServiceToken } from './views.ts';

/** What `gatehouse.service_grant` answers. */
interface ServiceGrant {
  readonly hasGrant: boolean;
  readonly canRefresh: boolean;
  readonly tokensExpire: boolean;
  readonly expiresAt: string | null;
  readonly clientId: string | null;
  readonly scopes: string | null;
}

/** What a provider or our client may be short of while the token in hand still stands. */
const noNewToken: readonly ErrorCode[] = [
  'connection.failing',
  'connection.busy',
  'connection.client_refused',
  'connector.misconfigured',
];

/**
 * A token of a linked service with the keys of `get_valid_token`, refreshed first when it is due; of several accounts
 * the primary one's. One trip when it is fresh. A token whose end nobody recorded, of a service whose tokens end, is
 * refreshed once, to have one.
 * @throws integration.not_found, and what `getValidToken` throws
 */
export async function getServiceToken(ctx: GatedContext, request: ServiceTokenInput): Promise<ServiceToken> {
  const { token, grant } = await read(ctx, request);
  if (!grant) throw new AppError('integration.not_found');
  const hasNoEnd = token.status === 'active' && token.expiresAt === null;
  const isWorthRefreshing = hasNoEnd && grant.tokensExpire && grant.canRefresh;
  return viewOf(isWorthRefreshing ? await refreshed(ctx, request, token) : token, grant);
}

/** The token, and in the same trip what it comes with. */
async function read(ctx: GatedContext, request: ServiceTokenInput) {
  let grant: ServiceGrant | null = null;
  const { service, externalUserId } = request;
  const statement = plain('select gatehouse.service_grant($1, $2) as "grant"', [service, externalUserId ?? null]);
  const gate = withStatement(
    ctx.gate,
    statement,
    (result) => (grant = firstValue<ServiceGrant | null>(result, 'grant')),
  );
  const token = await getValidToken({ ...ctx, gate }, request);
  return { token, grant: grant as ServiceGrant | null };
}

/** A gate that sends one more statement with every list, and shows its result. */
function withStatement(gate: Gate, statement: PlainStatement, show: (result: PlainResult) => void): Gate {
  return async (build) => {
    const results: readonly unknown[] = await gate((db) => [...build(db), statement]);
    show(results.at(-1) as PlainResult);
    return results.slice(0, -1) as never;
  };
}

async function refreshed(ctx: GatedContext, request: ServiceTokenInput, token: ValidToken): Promise<ValidToken> {
  try {
    return await getValidToken(ctx, { ...request, isForced: true });
  } catch (error) {
    if (error instanceof AppError && noNewToken.includes(error.code)) return token;
    throw error;
  }
}

function viewOf(token: ValidToken, grant: ServiceGrant): ServiceToken {
  const recorded = grant.scopes === null ? [] : grant.scopes.split(' ').filter(Boolean);
  const scopes = token.status === 'active' ? token.scopes : recorded;
  const ofGrant = {
    refreshToken: null,
    clientId: grant.clientId,
    clientSecret: null,
    grantedScopes: scopes.length > 0 ? scopes : null,
  };
  if (token.status === 'active') {
    const isExpired = token.expiresAt === null && grant.tokensExpire;
    return { ...ofGrant, token: token.accessToken, isExpired, expiresAt: token.expiresAt, refreshExpired: false };
  }
  const refreshExpired = token.status === 'needs_reauthorization' && token.reason !== 'error';
  const expiresAt = grant.expiresAt === null ? null : new Date(grant.expiresAt).toISOString();
  return { ...ofGrant, token: null, isExpired: true, expiresAt, refreshExpired };
}
