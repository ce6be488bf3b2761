/** A planned user as rows for our tables, its secrets sealed. */
import { newId } from '../../lib/ids.ts';
import type { SealContext, Sealer } from '../../lib/sealing.ts';
import type { LegacyDate } from './dates.ts';
import type { PlannedGrant, PlannedIntegration, PlannedUser } from './plan-user.ts';
import { accountOf, integrationContext, metadataContext, tokenContext } from './sealing-contexts.ts';

type Cell = string | boolean | null;

/** Rows by the names that `write-users.ts` reads them by. */
export interface SealedUser {
  readonly user: Readonly<Record<string, Cell>>;
  readonly connections: readonly Readonly<Record<string, Cell>>[];
  readonly integrations: readonly Readonly<Record<string, Cell>>[];
  /** How many values were sealed. */
  readonly sealed: number;
}

/**
 * Seals all of a user's secrets.
 * @param keepPlain leave what SQL clients read as it is; a secret of a column that we do not know is sealed all the same
 * @throws SealError
 */
export async function sealUser(sealer: Sealer, planned: PlannedUser, keepPlain = false): Promise<SealedUser> {
  let sealed = 0;
  const always: Seal = async (value, context) => {
    if (value === null) return null;
    sealed += 1;
    return sealer.seal(value, await context);
  };
  const seal: Seal = keepPlain ? async (value) => value : always;
  const connections: Record<string, Cell>[] = [];
  const integrations: Record<string, Cell>[] = [];
  // One value after the other: the key is derived once for a user. Other users are worked on meanwhile.
  for (const integration of planned.integrations) {
    const connectionId = integration.grant && newId();
    if (integration.grant) {
      connections.push({ id: connectionId, ...(await connectionOf(planned.id, integration, seal)) });
    }
    integrations.push({ connection_id: connectionId, ...(await integrationOf(planned.id, integration, seal)) });
  }
  const secrets: Record<string, string | null> = {};
  for (const { column, value } of planned.secrets) {
    secrets[column] = await always(value, metadataContext(planned.id, column));
  }
  const { id, profile, metadata, createdAt } = planned;
  const user = {
    id,
    ...profile,
    metadata,
    secrets: JSON.stringify(secrets),
    ...dateCells('created', createdAt),
  };
  return { user, connections, integrations, sealed };
}

type Seal = (value: string | null, context: SealContext | Promise<SealContext>) => Promise<string | null>;

async function connectionOf(userId: string, integration: PlannedIntegration, seal: Seal) {
  const grant = integration.grant as PlannedGrant;
  const context = async (field: 'access_token' | 'refresh_token' | 'client_secret') =>
    tokenContext(userId, integration.slot, field);
  return {
    user_id: userId,
    account_id: await accountOf(integration.slot),
    client_id: grant.clientId,
    access_token: await seal(grant.accessToken, context('access_token')),
    refresh_token: await seal(grant.refreshToken, context('refresh_token')),
    client_secret: await seal(grant.clientSecret, context('client_secret')),
    is_expired: grant.isExpired,
    scopes: grant.scopes,
    ...dateCells('expires', grant.expiresAt),
  };
}

async function integrationOf(userId: string, integration: PlannedIntegration, seal: Seal) {
  const { slot, externalUserId, isActive, authCode, credentials } = integration;
  const context = (field: 'auth_code' | 'credentials') => integrationContext(userId, slot, { field, externalUserId });
  const kept = await seal(credentials, context('credentials'));
  return {
    id: newId(),
    user_id: userId,
    service_id: slot,
    is_active: isActive,
    external_user_id: externalUserId,
    auth_code: await seal(authCode, context('auth_code')),
    // A JSON object as it was, or a JSON string that holds the sealed text.
    credentials: kept === credentials ? kept : JSON.stringify(kept),
  };
}

/** A date in two cells: with its offset, or as a clock showed it, for the database to place in its zone. */
function dateCells(prefix: string, date: LegacyDate | null): Record<string, string | null> {
  return {
    [`${prefix}_at`]: date && 'zoned' in date ? date.zoned : null,
    [`${prefix}_local`]: date && 'local' in date ? date.local : null,
  };
}
