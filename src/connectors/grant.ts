import { authorizationUrl, type AuthorizationRequest } from './authorization-url.ts';
import { checkCallbackSignature } from './callback-signature.ts';
import { type Asking, connectorFor } from './connector-for.ts';
import { identityOf } from './identity.ts';
import { metadataOf } from './metadata.ts';
import type { FetchOptions } from './provider-fetch.ts';
import { redeem } from './redemption.ts';
import { refusing } from './refusals.ts';
import type { Redemption } from './token.ts';
import { allNamesOf, rulesOf, tokenSetOf } from './tokens.ts';
import type { Connector, ConnectorClient, Grant } from './types.ts';

/**
 * The address that asks for a grant: as `authorizationUrl`, for offline access and with these scopes.
 * @throws input.invalid for a scope or a parameter; provider.unknown for a connector that only signs in;
 *   provider.unreachable, provider.answer_invalid for one that is discovered
 */
export async function connectAuthorizationUrl(
  connector: Connector,
  client: ConnectorClient,
  request: AuthorizationRequest & Asking,
): Promise<string> {
  return authorizationUrl(connectorFor(connector, request), client, request);
}

/**
 * Redeems what the browser brought back for a grant. As with `redeemCallback`, the state must have been spent before;
 * scopes and parameters are those that the flow was begun with.
 * @throws the same as `redeemCallback`, and input.invalid for a scope or a parameter
 */
export async function redeemGrant(
  connector: Connector,
  client: ConnectorClient,
  request: Redemption & FetchOptions & Asking,
): Promise<Grant> {
  const asked = connectorFor(connector, request);
  const { tokenParams, metadata } = rulesOf(asked);
  return refusing(async () => {
    const check = () => checkCallbackSignature(asked, client, request);
    const answer = await redeem(asked, client, { ...request, tokenParams, check });
    const identity = identityOf(asked, answer);
    const tokens = tokenSetOf(asked, { ...answer.token }, 'consent');
    return {
      identity,
      accountId: identity.subject,
      metadata: metadataOf(metadata(answer.claims, request.parameters)),
      tokens,
      scopes: allNamesOf(asked, identity.scopes, tokens.refreshToken !== null),
    };
  });
}
