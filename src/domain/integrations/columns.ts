/** One linked account as the database gives it, and as callers see it. */
import { and, eq, sql } from 'drizzle-orm';
import { ownedByUser } from '../../db/columns.ts';
import { oauthConnections, services, userIntegrations } from '../../db/schema/index.ts';
import type { Db } from '../../db/statement.ts';
import { healthOf } from './health.ts';
import type { IntegrationView } from './views.ts';

const columns = {
  id: userIntegrations.id,
  service: services.id,
  serviceName: services.name,
  serviceType: services.type,
  provider: services.provider,
  neededScopes: services.scopes,
  isActive: userIntegrations.isActive,
  // Asked once for each service of the catalogue, not for each row.
  // Services without an account give null, and nothing is "in" a list with a null.
  isPrimary: sql<boolean>`coalesce(${userIntegrations.id} in (
    select gatehouse.primary_integration((select gatehouse.uid()), s.id) from public.services s), false)`,
  displayLabel: userIntegrations.displayLabel,
  externalUserId: userIntegrations.externalUserId,
  externalUsername: userIntegrations.externalUsername,
  verifiedAt: userIntegrations.verifiedAt,
  connectionId: userIntegrations.connectionId,
  connectionStatus: oauthConnections.status,
  tokenExpiresAt: oauthConnections.expiresAt,
  token: {
    isExpired: sql<boolean>`gatehouse.is_expired(${oauthConnections.expiresAt}, ${services.tokensExpire})`,
    isDue: sql<boolean>`${oauthConnections.nextRefreshAt} is not null`,
    isFailing: sql<boolean>`${oauthConnections.failingSince} is not null`,
  },
  scopes: oauthConnections.scopes,
  metadata: userIntegrations.metadata,
  connectedAt: userIntegrations.createdAt,
  updatedAt: userIntegrations.updatedAt,
};

/** The subject's linked accounts with their service and the state of their grant, for a `where` of the caller's. */
export function selectIntegrations(db: Db) {
  const ofGrant = and(
    eq(oauthConnections.userId, userIntegrations.userId),
    eq(oauthConnections.id, userIntegrations.connectionId),
  );
  return db
    .select(columns)
    .from(userIntegrations)
    .innerJoin(services, eq(services.id, userIntegrations.serviceId))
    .leftJoin(oauthConnections, ofGrant);
}

/** The row belongs to the user this call acts on. */
export const own = ownedByUser(userIntegrations.userId);

export type IntegrationRow = Awaited<ReturnType<typeof selectIntegrations>>[number];

/** A connection without an access token has the epoch for its end. */
const NO_TOKEN = new Date(0).toISOString();

export function viewOf(row: IntegrationRow): IntegrationView {
  const { neededScopes, token, scopes, tokenExpiresAt, verifiedAt, ...rest } = row;
  const granted = scopes ? scopes.split(' ').filter(Boolean) : null;
  const missingScopes = granted ? neededScopes.filter((scope) => !granted.includes(scope)) : [];
  return {
    ...rest,
    isVerified: row.serviceType === 'messaging' ? verifiedAt !== null : null,
    health: healthOf({ ...rest, ...token, missingScopes }),
    tokenExpiresAt: tokenExpiresAt === NO_TOKEN ? null : tokenExpiresAt,
    scopes: granted,
    missingScopes,
  };
}
