import { AppError } from '../errors.ts';
import { SettingError } from '../lib/keys.ts';
import { askApi } from './api.ts';
import { asClaims } from './claims.ts';
import { connectorFor } from './connector-for.ts';
import { identityOf } from './identity.ts';
import { metadataOf } from './metadata.ts';
import { type FetchOptions, type ProviderFetch, providerFetch } from './provider-fetch.ts';
import { ProviderFault } from './provider-fault.ts';
import { serverOf } from './server.ts';
import { standardClaims } from './standard-claims.ts';
import { rulesOf } from './tokens.ts';
import type { ApiSource, Claims, Connector, ConnectorClient, IdTokenSource, Parameters } from './types.ts';

/**
 * Whose account it is. `refused`: the token is not taken (401). `unknown`: it is, and does not say it, or there is
 * nobody to ask. `unreachable`: to be asked again, after so many seconds where the provider says so.
 */
export type IdentifyOutcome =
  | {
      readonly kind: 'identified';
      readonly accountId: string;
      readonly email: string | null;
      readonly metadata: Claims;
    }
  | { readonly kind: 'refused' | 'unknown' }
  | { readonly kind: 'unreachable'; readonly retryAfter: number | null };

export interface IdentifyRequest extends FetchOptions {
  readonly accessToken: string;
  /** Those that the grant was given with. */
  readonly parameters: Parameters;
}

/**
 * Asks the provider whose account an access token is of: its UserInfo endpoint, or its API. The answer is the account
 * that `redeemGrant` would have named.
 * @param client null where the connector is not set up here; one that is discovered cannot be asked then
 * @returns whatever the provider does, an outcome
 */
export async function identifyAccount(
  connector: Connector,
  client: ConnectorClient | null,
  request: IdentifyRequest,
): Promise<IdentifyOutcome> {
  const { identity } = connector;
  if (identity.kind === 'token_answer' || (identity.kind === 'id_token' && identity.userInfo === undefined)) {
    return { kind: 'unknown' };
  }
  try {
    return await ask(connector, client, request);
  } catch (error) {
    return outcomeOf(error);
  }
}

async function ask(
  connector: Connector,
  client: ConnectorClient | null,
  request: IdentifyRequest,
): Promise<IdentifyOutcome> {
  const asked = connectorFor(connector, { scopes: [], parameters: request.parameters });
  const fetch = providerFetch(asked, request);
  const { identity } = asked;
  if (identity.kind === 'token_answer') return { kind: 'unknown' };
  const source = identity.kind === 'api' ? identity : await userInfoOf({ connector: asked, client, fetch }, identity);
  if (!source) return { kind: 'unknown' };
  const answers = await askApi(fetch, source, request.accessToken);
  // No token answer: of it `identityOf` reads the scopes alone, and nobody asks for them here.
  const token = { access_token: request.accessToken, token_type: 'bearer' as const };
  const { subject, email } = identityOf(asked, { issuer: '', claimed: source.read(answers), claims: answers, token });
  const claims = identity.kind === 'api' ? answers : asClaims(answers.person);
  const metadata = metadataOf(rulesOf(asked).metadata(claims, request.parameters));
  return { kind: 'identified', accountId: subject, email, metadata };
}

interface Asked {
  readonly connector: Connector;
  readonly client: ConnectorClient | null;
  readonly fetch: ProviderFetch;
}

/** The UserInfo endpoint as an API; null where there is none. */
async function userInfoOf({ connector, client, fetch }: Asked, source: IdTokenSource): Promise<ApiSource | null> {
  const url = source.userInfo ?? (client && (await serverOf(connector, client, fetch)).userinfo_endpoint);
  if (!url) return null;
  const read = ({ person }: Claims) => standardClaims(asClaims(person), false);
  return { kind: 'api', headers: { accept: 'application/json' }, urls: { person: url }, read };
}

function outcomeOf(error: unknown): IdentifyOutcome {
  if (error instanceof ProviderFault) return { kind: 'unreachable', retryAfter: error.failure.retryAfter };
  if (error instanceof AppError || error instanceof SettingError || error instanceof SyntaxError) {
    const isRefused = error instanceof AppError && error.details.cause === 401;
    return { kind: isRefused ? 'refused' : 'unknown' };
  }
  throw error;
}
