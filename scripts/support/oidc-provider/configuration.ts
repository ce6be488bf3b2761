import { randomBytes } from 'node:crypto';
import type { Configuration, JWK } from 'oidc-provider';
import { type Account, claimsOf, type Rotation } from './accounts.ts';
import { interactionPath } from './interaction.ts';
import { errorPage } from './page.ts';
import { resourceScopes } from './scopes.ts';
import { type Entry, memoryStore } from './store.ts';

export interface ConfigurationOptions {
  readonly redirectUris: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly signingKey: JWK;
  /** What the provider keeps. */
  readonly entries: Map<string, Entry>;
  /** Of everybody whose account says nothing else. */
  readonly accessTokenSeconds: number;
  readonly rotation: Rotation;
}

const HOUR = 60 * 60;
const DAY = 24 * HOUR;

/** The library's settings: strict where a client should be held to it, silent, and all in memory. */
export function configurationOf(options: ConfigurationOptions): Configuration {
  return {
    adapter: memoryStore(options.entries),
    clients: [clientOf(options)],
    jwks: { keys: [options.signingKey] },
    scopes: ['openid', 'offline_access', ...Object.keys(resourceScopes)],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
    // In the ID token itself, as Google, Microsoft and Apple do.
    conformIdTokenClaims: false,
    findAccount: (_ctx, subject) => {
      const account = options.accounts.get(subject);
      return account && { accountId: subject, claims: () => claimsOf(account) };
    },
    pkce: { required: () => true },
    rotateRefreshToken: ({ oidc }) => rotationOf(oidc.entities.RefreshToken?.accountId, options) === 'strict',
    // No session is kept that they could end with.
    expiresWithSession: () => false,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      dPoP: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    },
    interactions: { url: (_ctx, { uid }) => interactionPath(uid) },
    // Cookies know no ports: these stand beside the Worker's own at `localhost`.
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: { session: 'demo_session', interaction: 'demo_interaction', resume: 'demo_resume' },
    },
    // Every one is given, since the library prints a notice for each of its own.
    ttl: {
      AccessToken: (_ctx, { accountId }) =>
        options.accounts.get(accountId)?.accessTokenSeconds ?? options.accessTokenSeconds,
      Grant: 14 * DAY,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 14 * DAY,
      Session: HOUR,
    },
    clientBasedCORS: () => false,
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html';
      ctx.body = errorPage(error, description ?? '');
    },
  };
}

/** What happens to the refresh tokens of a person. */
export function rotationOf(
  subject: string | undefined,
  { accounts, rotation }: Pick<ConfigurationOptions, 'accounts' | 'rotation'>,
): Rotation {
  return accounts.get(subject ?? '')?.rotation ?? rotation;
}

function clientOf({ clientId, clientSecret, redirectUris, signingKey }: ConfigurationOptions) {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [...redirectUris],
    // So the port of a redirect address at loopback is free (RFC 8252 §7.3): the Worker of a test has any.
    application_type: 'native' as const,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    token_endpoint_auth_method: 'client_secret_basic' as const,
    id_token_signed_response_alg: signingKey.alg as 'ES256',
  };
}
