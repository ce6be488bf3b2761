import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import { issuerOf } from './issuer.ts';
import type { ProviderFetch } from './provider-fetch.ts';
import type { Connector, ConnectorClient } from './types.ts';

const FRESH_MS = 60 * 60 * 1000;

/**
 * Per isolate, by issuer. Finished data and never a promise: a promise belongs to the request that made it, and hangs
 * in every other one once that request is gone.
 */
const discovered = new Map<string, { readonly found: Found; readonly at: number }>();

/** The endpoints, in the library's words. */
interface Found {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri?: string;
  readonly revocation_endpoint?: string;
  readonly userinfo_endpoint?: string;
}

export type Server = oauth.AuthorizationServer & Found;

/**
 * Where the connector's provider is, in the library's terms. New for each call, since the library hangs what it
 * fetched on this object. Endpoints of a literal are taken from it and from nowhere else.
 * @throws provider.unreachable, provider.answer_invalid where it is discovered
 */
export async function serverOf(connector: Connector, client: ConnectorClient, fetch: ProviderFetch): Promise<Server> {
  const issuer = issuerOf(connector, client);
  const algorithms = connector.identity.kind === 'id_token' ? [...connector.identity.algorithms] : [];
  const found = pinned(connector) ?? (await discover(issuer, libraryOptions(connector, fetch)));
  return { ...found, issuer, id_token_signing_alg_values_supported: algorithms };
}

function pinned({ endpoints, grant }: Connector): Found | null {
  if (!endpoints) return null;
  const { authorization, token, jwks } = endpoints;
  return {
    authorization_endpoint: authorization,
    token_endpoint: token,
    jwks_uri: jwks,
    revocation_endpoint: grant?.revocation?.endpoint ?? undefined,
  };
}

/** What each of the library's requests is given. What `fetch` refuses, the library need not refuse as well. */
export function libraryOptions(connector: Connector, fetch: ProviderFetch) {
  return { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: connector.isForDevelopment };
}

async function discover(issuer: string, options: ReturnType<typeof libraryOptions>): Promise<Found> {
  const known = discovered.get(issuer);
  if (known && Date.now() - known.at < FRESH_MS) return known.found;
  const url = new URL(issuer);
  const metadata = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options));
  const { authorization_endpoint, token_endpoint, jwks_uri, revocation_endpoint, userinfo_endpoint } = metadata;
  if (!authorization_endpoint || !token_endpoint || !jwks_uri) {
    throw new AppError('provider.answer_invalid', { cause: 'discovery' });
  }
  const found = { authorization_endpoint, token_endpoint, jwks_uri, revocation_endpoint, userinfo_endpoint };
  discovered.set(issuer, { found, at: Date.now() });
  return found;
}
