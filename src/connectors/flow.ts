/** What is done with providers, once for all connectors. No database, no session, nothing sealed. */
import { identityOf } from './identity.ts';
import type { FetchOptions } from './provider-fetch.ts';
import { redeem } from './redemption.ts';
import { refusing } from './refusals.ts';
import type { Redemption } from './token.ts';
import type { Connector, ConnectorClient, ProviderIdentity } from './types.ts';

export { authorizationUrl, type AuthorizationRequest } from './authorization-url.ts';
export { readCallback } from './callback.ts';
export { connectAuthorizationUrl, redeemGrant } from './grant.ts';
export { identifyAccount, type IdentifyOutcome } from './identify-account.ts';
export { checkParameters } from './parameters.ts';
export { deriveSecrets } from './pkce.ts';
export type { FetchOptions } from './provider-fetch.ts';
export { refreshTokens, type RefreshRequest } from './refresh.ts';
export { revokeGrant, type RevocationRequest } from './revoke.ts';
export type { Redemption } from './token.ts';
export type {
  Connector,
  ConnectorClient,
  FailureClass,
  Grant,
  GrantRules,
  Parameters,
  ProviderFailure,
  RefreshOutcome,
  RevocationOutcome,
  TokenSet,
} from './types.ts';

/**
 * Redeems what the browser brought back. The state must have been looked up, spent and found to be of this connector
 * and this browser before: see `gatehouse.take_oauth_state`.
 * @returns who they are at the provider; no token leaves this function
 * @throws provider.denied (the person said no), provider.refused (the provider did), provider.unreachable,
 *   provider.issuer_mismatch, provider.answer_invalid (anything else that does not hold)
 */
export async function redeemCallback(
  connector: Connector,
  client: ConnectorClient,
  request: Redemption & FetchOptions,
): Promise<ProviderIdentity> {
  return refusing(async () => identityOf(connector, await redeem(connector, client, request)));
}
