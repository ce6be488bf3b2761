import * as oauth from 'oauth4webapi';
import { clientAuthentication } from './client-authentication.ts';
import { deriveSecrets } from './pkce.ts';
import type { ProviderFetch } from './provider-fetch.ts';
import { libraryOptions, type Server } from './server.ts';
import { normaliseTokenAnswer } from './token-answer.ts';
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

/** A redemption, as this connector wants it. */
export interface TokenRequest extends Redemption {
  /** Beyond the standard's. */
  readonly tokenParams?: Readonly<Record<string, string>>;
}

/** Sends the code to the token endpoint, with the PKCE verifier. @returns the answer in the standard's shape, unread */
export async function requestToken(exchange: Exchange, redemption: TokenRequest): Promise<Response> {
  const { connector, client, server, fetch } = exchange;
  const { state, browserSecret, redirectUri } = redemption;
  const own = { client_id: client.clientId };
  const { codeVerifier } = await deriveSecrets(browserSecret, state);
  const authentication = await clientAuthentication(connector, client);
  const params = new URLSearchParams(redemption.params);
  // Checked by `checkCallbackIssuer`: the library has one answer for all that is wrong with it, and no tenants.
  params.delete('iss');
  const answer = oauth.validateAuthResponse(server, own, params, state);
  const options = {
    ...libraryOptions(connector, tokenFetch(connector, fetch)),
    additionalParameters: redemption.tokenParams,
  };
  const verifier = connector.refusesPkce ? oauth.nopkce : codeVerifier;
  return oauth.authorizationCodeGrantRequest(server, own, authentication, answer, redirectUri, verifier, options);
}

/** How the token endpoint is called: the body as this provider wants it, the answer as the library wants it. */
export function tokenFetch(connector: Connector, fetch: ProviderFetch): ProviderFetch {
  return async (url, init) => normaliseTokenAnswer(connector, await fetch(url, encoded(connector, init)));
}

function encoded({ tokenEncoding }: Connector, init: RequestInit): RequestInit {
  if (tokenEncoding !== 'json' || !(init.body instanceof URLSearchParams)) return init;
  const headers = new Headers(init.headers);
  headers.set('content-type', 'application/json');
  return { ...init, headers, body: JSON.stringify(Object.fromEntries(init.body)) };
}
