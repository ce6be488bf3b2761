/** One refresh, by whoever holds the lease: provider, then vault. */
import { refreshTokens } from '../../connectors/flow.ts';
import type { GrantRules, ProviderFailure, TokenSet } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { clientOf } from './client.ts';
import { nextRefreshIn, retryIn } from './schedule.ts';
import type { RefreshCommit } from './vault-message.ts';
import { openSealed, resealIfOld, type SealedConnection, sealedFor, sealTokens } from './vault.ts';

/** The provider's deadline: shorter than any lease, so that an answer comes while the lease holds. */
export const PROVIDER_DEADLINE_MS = 10_000;

/** A connection that this caller may refresh, and nobody else. */
export interface Leased {
  readonly connection: SealedConnection;
  /** The lease before ended in silence: its answer may have been lost. */
  readonly isUnanswered?: boolean;
}

/**
 * How a refresh ended. `queued`: the provider answered, and the database will hear of it. `superseded`: somebody else's
 * tokens are newer. `ended`: the connection waits for a person.
 */
export type Refreshed =
  | { readonly kind: 'refreshed' | 'queued'; readonly tokens: TokenSet }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'failed' | 'ended'; readonly failure: ProviderFailure; readonly retryIn: number };

/**
 * Redeems the refresh token of a leased connection, once, and stores what came of it. Every failure ends the lease with
 * its evidence. Never throws for what the provider does.
 */
export async function refreshLeased(ctx: VaultContext, leased: Leased, leaseId: string): Promise<Refreshed> {
  const { connection } = leased;
  const prepared = await prepare(ctx, connection);
  if ('failure' in prepared) return fail(ctx, leased, { leaseId, failure: prepared.failure, rules: null });
  const { connector, client, refreshToken, rules } = prepared;
  const outcome = await refreshTokens(connector, client, {
    refreshToken,
    parameters: connection.parameters,
    deadlineMs: PROVIDER_DEADLINE_MS,
  });
  if (outcome.kind === 'failed') return fail(ctx, leased, { leaseId, failure: outcome.failure, rules });
  return commit(ctx, await commitFor(ctx, connection, { leaseId, rules, tokens: outcome.tokens }), outcome.tokens);
}

type Prepared = Exclude<Awaited<ReturnType<typeof clientOf>>, { problem: string }> & {
  readonly refreshToken: string;
  readonly rules: GrantRules;
};

async function prepare(
  { settings }: VaultContext,
  connection: SealedConnection,
): Promise<Prepared | { failure: ProviderFailure }> {
  const failed = (failureClass: ProviderFailure['class'], code: string) => ({
    failure: { class: failureClass, code, status: null, retryAfter: null },
  });
  try {
    const found = await clientOf(settings, connection);
    if ('problem' in found) return failed('configuration', found.problem);
    if (!connection.refreshToken || !found.connector.grant) return failed('permanent', 'no_refresh_token');
    const context = sealedFor(connection.owner, connection.connector, 'refresh_token');
    const refreshToken = await openSealed(settings, connection.refreshToken, context);
    return { ...found, refreshToken, rules: found.connector.grant };
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('seal.')) throw error;
    return failed(error.code === 'seal.unknown_key' ? 'configuration' : 'permanent', error.code);
  }
}

async function commitFor(
  { settings }: VaultContext,
  connection: SealedConnection,
  { leaseId, rules, tokens }: { readonly leaseId: string; readonly rules: GrantRules; readonly tokens: TokenSet },
): Promise<RefreshCommit> {
  const { id, version, owner, connector, accountId, clientId, clientSecret, parameters } = connection;
  const sealed = await sealTokens(settings, connection, tokens);
  const reseal = (value: string | null, field: 'refresh_token' | 'client_secret') =>
    resealIfOld(settings, value, sealedFor(owner, connector, field));
  return {
    id,
    version,
    leaseId,
    connection: { owner, connector, accountId, clientId, clientSecret, parameters },
    tokens: {
      accessToken: sealed.accessToken,
      // A refresh puts the whole row under the active key: rotation is free where tokens are short-lived.
      refreshToken: sealed.refreshToken ?? (await reseal(connection.refreshToken, 'refresh_token')),
      clientSecret: await reseal(clientSecret, 'client_secret'),
      tokenType: tokens.tokenType,
      expiresIn: tokens.expiresIn,
      refreshExpiresIn: tokens.refreshExpiresIn,
      nextRefreshIn: nextRefreshIn({ expiresIn: tokens.expiresIn, hasRefreshToken: true }, rules),
      scopes: tokens.scopes?.join(' ') ?? null,
    },
  };
}

/** The database may be away just now. The old token is spent by then, so the new one must not be lost. */
async function commit(ctx: VaultContext, row: RefreshCommit, tokens: TokenSet): Promise<Refreshed> {
  const answeredAt = Date.now();
  try {
    const outcome = await storeRefresh(ctx, row);
    return outcome === 'superseded' ? { kind: 'superseded' } : { kind: 'refreshed', tokens };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    await ctx.bindings.REFRESH_QUEUE.send({ kind: 'commit', commit: row, answeredAt });
    ctx.log({ event: 'connection.commit_queued', level: 'warn', code: error.code, detail: row.connection.connector });
    return { kind: 'queued', tokens };
  }
}

/** One trip. @throws AppError when the database cannot be reached */
export async function storeRefresh(
  ctx: VaultContext,
  row: RefreshCommit,
): Promise<'committed' | 'superseded' | 'gone'> {
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.commit_refresh($1::jsonb) as outcome', [JSON.stringify(row)]),
  ]);
  return firstValue(rows, 'outcome');
}

interface Failing {
  readonly leaseId: string;
  readonly failure: ProviderFailure;
  readonly rules: GrantRules | null;
}

async function fail(ctx: VaultContext, leased: Leased, { leaseId, failure, rules }: Failing): Promise<Refreshed> {
  const { connection, isUnanswered } = leased;
  const isPermanent = failure.class === 'permanent';
  // A seal that does not open is our own row's fault: nobody took the grant away.
  const result = isPermanent ? (failure.code.startsWith('seal.') ? 'error' : 'revoked') : null;
  const wait = waitAfter(connection, failure, rules);
  const wasUnanswered = isUnanswered === true || connection.lastFailure?.class === 'ambiguous';
  const { retryAfter: _, ...evidence } = failure;
  const row = {
    id: connection.id,
    version: connection.version,
    leaseId,
    result,
    retryIn: wait,
    failure: { ...evidence, ...(isPermanent && wasUnanswered && { afterUnanswered: true }) },
  };
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.fail_refresh($1::jsonb) as outcome', [JSON.stringify(row)]),
  ]);
  // Whoever was first has newer tokens: what the provider said is about the old ones.
  if (firstValue(rows, 'outcome') === 'superseded') return { kind: 'superseded' };
  return { kind: isPermanent ? 'ended' : 'failed', failure, retryIn: wait };
}

/**
 * An answer that was lost may have spent the refresh token. Where using it twice ends the grant, the token in hand is
 * used to its end first: there is nothing better to lose it for.
 */
function waitAfter(connection: SealedConnection, failure: ProviderFailure, rules: GrantRules | null): number {
  const wait = retryIn(connection.failureCount, failure.retryAfter);
  const endsGrant = failure.class === 'ambiguous' && rules?.refresh?.reuse === 'revokes';
  return endsGrant ? Math.max(wait, (connection.secondsLeft ?? 0) - 60) : wait;
}
