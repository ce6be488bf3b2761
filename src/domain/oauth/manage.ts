import { and, asc, desc, eq, type SQL } from 'drizzle-orm';
import type { Context, GatedContext } from '../../context.ts';
import { ownedByOrganization, ownedByUser } from '../../db/columns.ts';
import { connectionEvents, oauthConnections } from '../../db/schema/index.ts';
import { firstValue, plain } from '../../db/statement.ts';
import type { Db } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { neededScopes } from './connectors.ts';
import { explain } from './explain.ts';
import type { ConnectionExplained, ConnectionView } from './views.ts';

/** Whose connections a procedure is about: the gate has set the subject, this is the filter that finds its index. */
export type Subject = 'user' | 'organization';

const owned: Record<Subject, SQL> = {
  user: ownedByUser(oauthConnections.userId),
  organization: ownedByOrganization(oauthConnections.organizationId),
};

const LIST_LIMIT = 200;
const EVENTS_SHOWN = 50;

const columns = {
  id: oauthConnections.id,
  connector: oauthConnections.connectorId,
  accountId: oauthConnections.accountId,
  metadata: oauthConnections.connectorMetadata,
  status: oauthConnections.status,
  scopes: oauthConnections.scopes,
  expiresAt: oauthConnections.expiresAt,
  grantedAt: oauthConnections.grantedAt,
  lastRefreshAt: oauthConnections.lastRefreshAt,
  lastUsedAt: oauthConnections.lastUsedAt,
  failingSince: oauthConnections.failingSince,
};

const explainedColumns = {
  ...columns,
  lastFailure: oauthConnections.lastFailure,
  failureCount: oauthConnections.failureCount,
  nextRefreshAt: oauthConnections.nextRefreshAt,
};

type Row = Omit<ConnectionView, 'account' | 'isPrimary' | 'scopes' | 'missingScopes'> & {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly scopes: string;
};

function viewOf({ settings }: Context, { metadata, scopes, ...row }: Row): ConnectionView {
  const account = metadata[row.connector];
  const granted = scopes.split(' ').filter(Boolean);
  return {
    id: row.id,
    connector: row.connector,
    accountId: row.accountId,
    account: typeof account === 'object' && account !== null ? { ...account } : {},
    isPrimary: metadata.primary === true,
    status: row.status,
    scopes: granted,
    missingScopes: neededScopes(settings, row.connector).filter((scope) => !granted.includes(scope)),
    expiresAt: row.expiresAt,
    grantedAt: row.grantedAt,
    lastRefreshAt: row.lastRefreshAt,
    lastUsedAt: row.lastUsedAt,
    failingSince: row.failingSince,
  };
}

/** The subject's connections, oldest first, at most 200. One trip. */
export async function listConnections(
  ctx: GatedContext,
  subject: Subject,
  connector?: string,
): Promise<ConnectionView[]> {
  const [rows] = await ctx.gate((db) => [
    db
      .select(columns)
      .from(oauthConnections)
      .where(and(owned[subject], connector ? eq(oauthConnections.connectorId, connector) : undefined))
      .orderBy(asc(oauthConnections.createdAt), asc(oauthConnections.id))
      .limit(LIST_LIMIT),
  ]);
  return rows.map((row) => viewOf(ctx, row));
}

/** One connection of the subject. One trip. @throws connection.not_found */
export async function getConnection(ctx: GatedContext, subject: Subject, id: string): Promise<ConnectionView> {
  const [[row]] = await ctx.gate((db) => [
    db
      .select(columns)
      .from(oauthConnections)
      .where(and(owned[subject], eq(oauthConnections.id, id))),
  ]);
  if (!row) throw new AppError('connection.not_found');
  return viewOf(ctx, row);
}

/** How a connection is and why, with the evidence. One trip. @throws connection.not_found */
export async function explainConnection(ctx: GatedContext, subject: Subject, id: string): Promise<ConnectionExplained> {
  const [[row], events, breaker] = await ctx.gate((db) => [
    db
      .select(explainedColumns)
      .from(oauthConnections)
      .where(and(owned[subject], eq(oauthConnections.id, id))),
    trailOf(db, id),
    plain('select gatehouse.connection_breaker($1::uuid) as breaker', [id]),
  ]);
  if (!row) throw new AppError('connection.not_found');
  const paused = firstValue<ConnectionExplained['paused']>(breaker, 'breaker');
  return explain({ ...row, connection: viewOf(ctx, row), paused, events });
}

/** Row level security leaves the subject's own. */
function trailOf(db: Db, id: string) {
  return db
    .select({
      id: connectionEvents.id,
      event: connectionEvents.event,
      actorKind: connectionEvents.actorKind,
      actorUserId: connectionEvents.actorUserId,
      evidence: connectionEvents.evidence,
      createdAt: connectionEvents.createdAt,
    })
    .from(connectionEvents)
    .where(eq(connectionEvents.connectionId, id))
    .orderBy(desc(connectionEvents.createdAt), desc(connectionEvents.id))
    .limit(EVENTS_SHOWN);
}

/** Makes a connection the one that is meant when no account is named. One trip. @throws connection.not_found */
export async function makePrimary(ctx: GatedContext, connectionId: string): Promise<void> {
  const [rows] = await ctx.gate(() => [plain('select gatehouse.make_primary($1::uuid) as outcome', [connectionId])]);
  refuseUnless(firstValue(rows, 'outcome'), 'done');
}

/**
 * Disconnects: the tokens leave the vault at once, and the provider is told by a job that tries until it has. One trip.
 * @throws connection.not_found
 */
export async function disconnect(ctx: GatedContext, connectionId: string): Promise<void> {
  const params = [connectionId, await ctx.operation.id('event')];
  const [rows] = await ctx.gate(() => [plain('select gatehouse.disconnect($1::uuid, $2::uuid) as outcome', params)]);
  refuseUnless(firstValue(rows, 'outcome'), 'disconnected');
}

function refuseUnless(outcome: string, done: string): void {
  if (outcome !== done) throw new AppError(outcome as ErrorCode);
}
