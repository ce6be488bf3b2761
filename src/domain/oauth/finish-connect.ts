import { redeemGrant } from '../../connectors/flow.ts';
import type { Grant, GrantRules } from '../../connectors/types.ts';
import type { SystemContext } from '../../context.ts';
import type { Requirement } from '../../db/gate.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { REDIRECT_FRESH_SECONDS } from '../auth/step-up.ts';
import { findConnectable } from './connectors.ts';
import { nextRefreshIn } from './schedule.ts';
import { sealTokens } from './vault.ts';

/** A redirect that began with `oauth.connections.connect` and came back; its state is spent. */
export interface ConnectReturn {
  readonly connector: string;
  readonly params: URLSearchParams;
  readonly state: string;
  readonly browserSecret: string;
  readonly redirectUri: string;
  /** From the state: who began it, and for which organisation. */
  readonly userId: string;
  readonly organizationId: string | null;
  readonly request: {
    readonly scopes: readonly string[];
    readonly parameters: Readonly<Record<string, string>>;
    readonly connectionId: string | null;
    /** What to link the account to; absent in states of an earlier version. */
    readonly service?: string | null;
  };
}

/**
 * Redeems the code and keeps the grant in the vault, behind the caller's own gate: only who began it may end it, and
 * only while they may still act for its subject. One trip, and the provider's calls before it.
 * @throws credential.missing, provider.…, connection.wrong_account, connection.not_found, connection.limit_reached,
 *   service.inactive, step_up.required
 */
export async function finishConnect(ctx: SystemContext, back: ConnectReturn): Promise<void> {
  if (!ctx.credential) throw new AppError('credential.missing');
  const { connector, client } = findConnectable(ctx, back.connector);
  const grant = await redeemGrant(connector, client, { ...back, ...back.request });
  const owner = back.organizationId === null ? `user:${back.userId}` : `organization:${back.organizationId}`;
  const requirement: Requirement =
    back.organizationId === null
      ? { subject: 'self', freshWithin: REDIRECT_FRESH_SECONDS }
      : {
          subject: 'organization',
          organizationId: back.organizationId,
          role: 'admin',
          freshWithin: REDIRECT_FRESH_SECONDS,
        };
  const { grant: rules } = connector;
  if (!rules) throw new AppError('provider.unknown');
  const row = await rowFor(ctx, { back, grant, rules, owner, clientId: client.clientId });
  const gate = ctx.memberGate(ctx.credential, requirement);
  const [rows] = await gate(() => [
    plain('select gatehouse.store_connection($1::jsonb) as stored', [JSON.stringify(row)]),
  ]);
  const { outcome } = firstValue<{ outcome: 'connected' | ErrorCode }>(rows, 'stored');
  if (outcome !== 'connected') throw new AppError(outcome);
}

interface Received {
  readonly back: ConnectReturn;
  readonly grant: Grant;
  readonly rules: GrantRules;
  readonly owner: string;
  readonly clientId: string;
}

async function rowFor(ctx: SystemContext, { back, grant, rules, owner, clientId }: Received) {
  const { operation } = ctx;
  const { tokens } = grant;
  return {
    id: await operation.id('connection'),
    eventId: await operation.id('event'),
    begunBy: back.userId,
    connectionId: back.request.connectionId,
    service: back.request.service ?? null,
    linkEventId: await operation.id('link'),
    connector: back.connector,
    accountId: grant.accountId,
    issuer: grant.identity.issuer,
    subject: grant.identity.subject,
    clientId,
    ...(await sealTokens(ctx.settings, { owner, connector: back.connector, accountId: grant.accountId }, tokens)),
    tokenType: tokens.tokenType,
    expiresIn: tokens.expiresIn,
    refreshExpiresIn: tokens.refreshExpiresIn,
    nextRefreshIn: nextRefreshIn({ expiresIn: tokens.expiresIn, hasRefreshToken: tokens.refreshToken !== null }, rules),
    scopes: grant.scopes.join(' '),
    metadata: { [back.connector]: grant.metadata },
    parameters: back.request.parameters,
  };
}
