import * as oauth from 'oauth4webapi';
import { SettingError } from '../lib/keys.ts';
import { clientAuthentication } from './client-authentication.ts';
import { connectorFor } from './connector-for.ts';
import { failureOf } from './failures.ts';
import { failure, ProviderFault, statusFailure } from './provider-fault.ts';
import { type FetchOptions, providerFetch } from './provider-fetch.ts';
import { libraryOptions, serverOf } from './server.ts';
import { objectOf } from './token-answer.ts';
import { tokenFetch } from './token.ts';
import { rulesOf, tokenSetOf } from './tokens.ts';
import type { Connector, ConnectorClient, Parameters, RefreshOutcome, TokenSet } from './types.ts';

export interface RefreshRequest extends FetchOptions {
  readonly refreshToken: string;
  /** Those that the grant was given with. */
  readonly parameters: Parameters;
}

/**
 * Redeems a refresh token (RFC 6749 §6), once: nothing is sent twice here. Whoever calls holds the lease, and has a
 * `deadlineMs` that ends before it does.
 * @returns new tokens, or what the failure means; whatever the provider does, it is an outcome
 * @throws SettingError for a client that cannot be; input.invalid, provider.unknown for what is no grant of ours
 */
export async function refreshTokens(
  connector: Connector,
  client: ConnectorClient,
  request: RefreshRequest,
): Promise<RefreshOutcome> {
  const asked = connectorFor(connector, { scopes: [], parameters: request.parameters });
  try {
    return { kind: 'refreshed', tokens: await refresh(asked, client, request) };
  } catch (error) {
    if (error instanceof SettingError) throw error;
    return { kind: 'failed', failure: failureOf(asked, error) };
  }
}

async function refresh(connector: Connector, client: ConnectorClient, request: RefreshRequest): Promise<TokenSet> {
  const fetch = providerFetch(connector, request);
  const server = await discovered(connector, () => serverOf(connector, client, fetch));
  const { endpoint } = rulesOf(connector).refresh;
  const at = endpoint === undefined ? server : { ...server, token_endpoint: endpoint };
  const own = { client_id: client.clientId };
  const authentication = await clientAuthentication(connector, client);
  const options = libraryOptions(connector, tokenFetch(connector, fetch));
  const response = await oauth.refreshTokenGrantRequest(at, own, authentication, request.refreshToken, options);
  const standard = await readable(response);
  return tokenSetOf(connector, { ...(await oauth.processRefreshTokenResponse(at, own, standard)) }, 'refresh');
}

/** Whatever went wrong with finding the endpoint, nothing was sent to it. */
async function discovered<Server>(connector: Connector, find: () => Promise<Server>): Promise<Server> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof SettingError) throw error;
    const what = { ...failureOf(connector, error), class: 'transient' as const, code: 'discovery' };
    throw new ProviderFault('provider.unreachable', 'discovery', what);
  }
}

/**
 * The answer, if it holds the provider's word: an error code, or tokens. An ID token beside them is left out: it tells
 * nothing new, and Microsoft's names an issuer of its own.
 */
async function readable(response: Response): Promise<Response> {
  const { status } = response;
  const body = await objectOf(response);
  if (status !== 200) {
    if (typeof body?.error === 'string') return response;
    throw new ProviderFault('provider.answer_invalid', status, statusFailure('transient', response));
  }
  if (!body) throw new ProviderFault('provider.answer_invalid', 'not JSON', failure('ambiguous', 'not_json'));
  const { id_token: _, ...rest } = body;
  return Response.json(rest);
}
