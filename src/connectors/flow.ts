/** The authorisation code flow, once for all connectors. No database, no session: who somebody is at a provider. */
import { AppError } from '../errors.ts';
import { readApi } from './api.ts';
import { readCallback } from './callback.ts';
import { readIdToken } from './id-token.ts';
import { identityOf } from './identity.ts';
import { checkCallbackIssuer, issuerOf } from './issuer.ts';
import { type FetchOptions, providerFetch } from './provider-fetch.ts';
import { refusing } from './refusals.ts';
import { serverOf } from './server.ts';
import { type Redemption, requestToken } from './token.ts';
import type { Connector, ConnectorClient, ProviderIdentity } from './types.ts';

export { authorizationUrl } from './authorization-url.ts';
export { readCallback } from './callback.ts';
export { deriveSecrets } from './pkce.ts';

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
  return refusing(async () => {
    const callback = readCallback(request.params);
    if (callback.state !== request.state) throw new AppError('provider.answer_invalid', { cause: 'state' });
    checkCallbackIssuer(connector, issuerOf(connector, client), callback);
    if (callback.refusal) throw new AppError(callback.refusal);
    const fetch = providerFetch(connector, request);
    const exchange = { connector, client, fetch, server: await serverOf(connector, client, fetch) };
    const response = await requestToken(exchange, request);
    const { identity } = connector;
    const answer =
      identity.kind === 'id_token'
        ? await readIdToken(exchange, identity, { response, callback, redemption: request })
        : await readApi(exchange, identity, response);
    return identityOf(connector, answer);
  });
}
