/** What `gatehouse.link_integration` takes: a link with its secrets sealed. */
import { findConnector } from '../../connectors/index.ts';
import type { GatedContext } from '../../context.ts';
import type { SealContext } from '../../lib/sealing.ts';
import { firstRefreshIn } from '../oauth/schedule.ts';
import { type SealedField, sealedFor } from '../oauth/vault.ts';
import type { LinkItem } from './inputs.ts';
import { knownConnector } from './service-connectors.ts';
import { unverifiedAccount } from './unverified-account.ts';

/** Made before the trip, so that a repeated list is the same list. */
export interface LinkIds {
  readonly id: string;
  readonly eventId: string;
}

/** Whether something of the link has to be sealed, for which its user must be known. */
export function hasSecrets({ accessToken, refreshToken, clientSecret, credentials }: LinkItem): boolean {
  return [accessToken, refreshToken, clientSecret, credentials].some((value) => value !== undefined);
}

/**
 * A link as the database takes it. Where the connector of its service is not known here, its tokens are left out and
 * `sealed_for` is empty: the database refuses that for a service it has.
 * @param userId whom the values are sealed for; null when there is nothing to seal
 */
export async function linkRow(ctx: GatedContext, userId: string | null, link: LinkItem & LinkIds) {
  const { serviceId, externalUserId } = link;
  return {
    id: link.id,
    event_id: link.eventId,
    service_id: serviceId,
    external_user_id: externalUserId,
    external_username: link.externalUsername,
    display_label: link.displayLabel,
    metadata: link.metadata,
    ...(userId !== null && link.credentials && { credentials: await sealedCredentials(ctx, userId, link) }),
    ...(hasTokens(link) && (await tokensOf(ctx, userId, link))),
  };
}

function hasTokens({ accessToken, refreshToken }: LinkItem): boolean {
  return accessToken !== undefined || refreshToken !== undefined;
}

async function tokensOf(ctx: GatedContext, userId: string | null, link: LinkItem) {
  const connector = knownConnector(ctx, link.serviceId);
  if (connector === null || userId === null) return { sealed_for: '' };
  const accountId = await unverifiedAccount(link.serviceId, link.externalUserId ?? null);
  const seal = (value: string | undefined, field: SealedField) =>
    value === undefined
      ? undefined
      : ctx.settings.sealer.seal(value, sealedFor({ owner: `user:${userId}`, connector, accountId }, field));
  return {
    sealed_for: connector,
    deployment_client: ctx.settings.connectors.get(connector)?.clientId,
    access_token: await seal(link.accessToken, 'access_token'),
    refresh_token: await seal(link.refreshToken, 'refresh_token'),
    client_secret: await seal(link.clientSecret, 'client_secret'),
    client_id: link.clientId,
    token_expires_at: link.tokenExpiresAt,
    granted_scopes: link.grantedScopes && [...new Set(link.grantedScopes)],
    next_refresh_in: refreshIn(connector, link),
  };
}

/** Seconds, by the rules of the connector; null where it cannot be refreshed. */
function refreshIn(connector: string, { accessToken, refreshToken, tokenExpiresAt }: LinkItem): number | null {
  const hasEnd = accessToken !== undefined && tokenExpiresAt !== undefined;
  const secondsLeft = hasEnd ? (Date.parse(tokenExpiresAt) - Date.now()) / 1000 : null;
  return firstRefreshIn({ secondsLeft, hasRefreshToken: refreshToken !== undefined }, findConnector(connector)?.grant);
}

/** One text in place of the object: `gatehouse:1:…`, as JSON of the credentials. */
function sealedCredentials(ctx: GatedContext, userId: string, link: LinkItem): Promise<string> {
  const { serviceId, externalUserId, credentials } = link;
  return ctx.settings.sealer.seal(
    JSON.stringify(credentials),
    credentialsFor(userId, serviceId, externalUserId ?? null),
  );
}

/** What the credentials of a link are sealed for: its user, service and account. */
export function credentialsFor(userId: string, serviceId: string, externalUserId: string | null): SealContext {
  return sealedFor({ owner: `user:${userId}`, connector: serviceId, accountId: externalUserId ?? '' }, 'credentials');
}
