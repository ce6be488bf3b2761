/** One refresh, by whoever holds the lease: provider, then vault. */
import { refreshTokens } from '../../connectors/flow.ts';
import type { GrantRules, ProviderFailure, RefreshOutcome, TokenSet } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { SettingError } from '../../lib/keys.ts';
import { isSealed } from '../../lib/sealing.ts';
import { clientOf } from './client.ts';
import { failRefresh, type Leased, type Refreshed } from './refresh-failure.ts';
import { nextRefreshIn } from './schedule.ts';
import type { RefreshCommit } from './vault-message.ts';
import { openSealed, renewSeal, type SealedConnection, sealedFor, sealTokens } from './vault.ts';

/** The provider's deadline: shorter than any lease, so that an answer comes while the lease holds. */
export const PROVIDER_DEADLINE_MS = 10_000;

/**
 * Redeems the refresh token of a leased connection, once, and stores what came of it. Every failure ends the lease with
 * its evidence. Never throws for what the provider does.
 */
export async function refreshLeased(ctx: VaultContext, leased: Leased, leaseId: string): Promise<Refreshed> {
  const { connection } = leased;
  const prepared = await prepare(ctx, connection);
  if ('failure' in prepared) return failRefresh(ctx, leased, { leaseId, failure: prepared.failure, rules: null });
  const { rules } = prepared;
  const outcome = await askProvider(prepared, connection);
  if (outcome.kind === 'failed') return failRefresh(ctx, leased, { leaseId, failure: outcome.failure, rules });
  return commit(ctx, await commitFor(ctx, connection, { leaseId, rules, tokens: outcome.tokens }), outcome.tokens);
}

type Prepared = Exclude<Awaited<ReturnType<typeof clientOf>>, { problem: string }> & {
  readonly refreshToken: string;
  readonly rules: GrantRules;
};

/** A client or parameters that cannot be sent at all are not the provider's word on the grant. */
async function askProvider(
  { connector, client, refreshToken }: Prepared,
  { parameters }: SealedConnection,
): Promise<RefreshOutcome> {
  try {
    return await refreshTokens(connector, client, { refreshToken, parameters, deadlineMs: PROVIDER_DEADLINE_MS });
  } catch (error) {
    const code =
      error instanceof SettingError ? 'client_malformed' : error instanceof AppError ? 'parameters_refused' : null;
    if (code === null) throw error;
    return { kind: 'failed', failure: { class: 'configuration', code, status: null, retryAfter: null } };
  }
}

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
    const context = sealedFor(connection, 'refresh_token');
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
  // Its SQL readers go on reading text, and whoever renews it there goes on alone.
  const staysText = !settings.sealSqlValues && !isSealed(connection.refreshToken ?? '');
  const sealed = staysText ? tokens : await sealTokens(settings, connection, tokens);
  const reseal = (value: string | null, field: 'refresh_token' | 'client_secret') =>
    renewSeal(settings, value, sealedFor(connection, field));
  return {
    id,
    version,
    leaseId,
    connection: { owner, connector, accountId, clientId, clientSecret, parameters },
    tokens: {
      accessToken: sealed.accessToken,
      // A refresh puts the whole row under the active key: rotation is free where tokens are short-lived.
      refreshToken: sealed.refreshToken ?? (await reseal(connection.refreshToken, 'refresh_token')),
      // One that does not open stays as it is: new tokens are not lost for it.
      clientSecret: await reseal(clientSecret, 'client_secret').catch(() => null),
      tokenType: tokens.tokenType,
      expiresIn: tokens.expiresIn,
      refreshExpiresIn: tokens.refreshExpiresIn,
      nextRefreshIn: staysText ? null : nextRefreshIn({ expiresIn: tokens.expiresIn, hasRefreshToken: true }, rules),
      scopes: tokens.scopes?.join(' ') ?? null,
    },
  };
}

/**
 * The database may be away just now, or refuse for a reason of its own. The old token is spent by then, so the new one
 * must not be lost. Of a connection that is gone by now the new token is revoked, and handed to nobody.
 */
async function commit(ctx: VaultContext, row: RefreshCommit, tokens: TokenSet): Promise<Refreshed> {
  const answeredAt = Date.now();
  try {
    const outcome = await storeRefresh(ctx, row);
    return outcome === 'committed' ? { kind: 'refreshed', tokens } : { kind: 'superseded' };
  } catch (error) {
    await ctx.bindings.REFRESH_QUEUE.send({ kind: 'commit', commit: row, answeredAt });
    const code = error instanceof AppError ? error.code : 'internal.error';
    ctx.log({ event: 'connection.commit_queued', level: 'warn', code, detail: row.connection.connector });
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
