import * as oauth from 'oauth4webapi';
import { SettingError } from '../lib/keys.ts';
import { jsonRequest, tokenHeader } from './api.ts';
import { clientAuthentication } from './client-authentication.ts';
import { connectorFor } from './connector-for.ts';
import { failureOf, refusal } from './failures.ts';
import { statusFailure } from './provider-fault.ts';
import { type FetchOptions, type ProviderFetch, providerFetch } from './provider-fetch.ts';
import { refreshTokens } from './refresh.ts';
import { libraryOptions, serverOf } from './server.ts';
import { errorIn, objectOf } from './token-answer.ts';
import type { Connector, ConnectorClient, Parameters, RevocationOutcome, RevocationRules } from './types.ts';

export interface RevocationRequest extends FetchOptions {
  /** The refresh token, where the grant has one. */
  readonly token: string;
  readonly tokenType: 'refresh_token' | 'access_token';
  /** Those that the grant was given with. */
  readonly parameters: Parameters;
}

interface Call extends RevocationRequest {
  readonly rules: RevocationRules;
  readonly fetch: ProviderFetch;
}

/**
 * Ends a grant at the provider, in the provider's way. Where that takes an access token and a refresh token is given,
 * it is redeemed first: an old access token has mostly run out, and the provider would take it for no token at all.
 * @returns `unsupported` where the provider has no way; whatever it does, it is an outcome
 * @throws SettingError for a client that cannot be; input.invalid, provider.unknown for what is no grant of ours
 */
export async function revokeGrant(
  connector: Connector,
  client: ConnectorClient,
  request: RevocationRequest,
): Promise<RevocationOutcome> {
  const asked = connectorFor(connector, { scopes: [], parameters: request.parameters });
  const rules = asked.grant?.revocation;
  if (!rules) return { kind: 'unsupported' };
  const fetch = providerFetch(asked, { ...request, accepts: [200, 204] });
  try {
    const { tokenType, token } = request;
    if (rules.token === 'refresh_token' || tokenType === 'access_token') {
      return await revoke(asked, client, { ...request, rules, fetch });
    }
    const refreshed = await refreshTokens(connector, client, { ...request, refreshToken: token });
    if (refreshed.kind === 'failed') return refreshed;
    const { accessToken } = refreshed.tokens;
    return await revoke(asked, client, { ...request, token: accessToken, tokenType: 'access_token', rules, fetch });
  } catch (error) {
    if (error instanceof SettingError) throw error;
    return { kind: 'failed', failure: failureOf(asked, error) };
  }
}

async function revoke(connector: Connector, client: ConnectorClient, call: Call): Promise<RevocationOutcome> {
  const response = await send(connector, client, call);
  if (!response) return { kind: 'unsupported' };
  const { status } = response;
  const body = await objectOf(response);
  const error = body && errorIn(connector, status, body);
  if (status < 300 && error === null) return { kind: 'revoked' };
  // It was dead before; or an answer of ours was lost, and this is the second time.
  if ([status, error].some((said) => said !== null && call.rules.gone.includes(said))) return { kind: 'revoked' };
  // RFC 7009 §2.2.1
  if (error === 'unsupported_token_type') return { kind: 'unsupported' };
  const failure = error === null ? statusFailure('transient', response) : refusal(connector, error, response);
  return { kind: 'failed', failure };
}

/** @returns null where the provider has no endpoint for it */
async function send(connector: Connector, client: ConnectorClient, call: Call): Promise<Response | null> {
  const { rules, token, tokenType, fetch } = call;
  if (rules.method === 'rfc7009') {
    const server = await serverOf(connector, client, fetch);
    if (!server.revocation_endpoint) return null;
    const options = { ...libraryOptions(connector, fetch), additionalParameters: { token_type_hint: tokenType } };
    const authentication = await clientAuthentication(connector, client);
    return oauth.revocationRequest(server, { client_id: client.clientId }, authentication, token, options);
  }
  if (rules.endpoint === null) return null;
  const url = rules.endpoint.replace('{client_id}', encodeURIComponent(client.clientId));
  if (rules.method === 'bearer') {
    const headers = { accept: 'application/json', ...tokenHeader(token, rules.tokenHeader) };
    return fetch(url, { method: rules.verb ?? 'POST', headers });
  }
  const basic = btoa(`${client.clientId}:${client.clientSecret}`);
  const headers = { accept: 'application/vnd.github+json', authorization: `Basic ${basic}` };
  return fetch(url, jsonRequest('DELETE', headers, { access_token: token }));
}
