import * as oauth from 'oauth4webapi';
import { clientAuthentication } from './client-authentication.ts';
import { deriveSecrets } from './pkce.ts';
import type { ProviderFetch } from './provider-fetch.ts';
import { libraryOptions, type Server } from './server.ts';
import type { Connector, ConnectorClient } from './types.ts';

/** One redemption: who with whom. */
export interface Exchange {
  readonly connector: Connector;
  readonly client: ConnectorClient;
  readonly server: Server;
  readonly fetch: ProviderFetch;
}

export interface Redemption {
  readonly params: URLSearchParams;
  /** The state that the request was begun with. */
  readonly state: string;
  readonly browserSecret: string;
  readonly redirectUri: string;
}

/** Sends the code to the token endpoint, with the PKCE verifier. The answer is not looked at yet. */
export async function requestToken(exchange: Exchange, redemption: Redemption): Promise<Response> {
  const { connector, client, server, fetch } = exchange;
  const { state, browserSecret, redirectUri } = redemption;
  const own = { client_id: client.clientId };
  const { codeVerifier } = await deriveSecrets(browserSecret, state);
  const authentication = await clientAuthentication(connector, client);
  const params = new URLSearchParams(redemption.params);
  // Checked by `checkCallbackIssuer`: the library has one answer for all that is wrong with it, and no tenants.
  params.delete('iss');
  const answer = oauth.validateAuthResponse(server, own, params, state);
  const send: ProviderFetch = async (url, init) => withErrorStatus(await fetch(url, init));
  const options = libraryOptions(connector, send);
  return oauth.authorizationCodeGrantRequest(server, own, authentication, answer, redirectUri, codeVerifier, options);
}

/** GitHub says no with status 200; RFC 6749 §5.2 has 400 for it, and so has the library. */
async function withErrorStatus(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const body = await jsonOf(response);
  return typeof body.error === 'string' ? Response.json(body, { status: 400 }) : response;
}

/** The object in an answer that is left unread; empty when it holds none. */
export async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
