import { standardClaims } from './standard-claims.ts';
import type { Connector } from './types.ts';

/** Accounts of any organisation, and personal ones. https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc */
export const microsoft: Connector = {
  name: 'microsoft',
  title: 'Microsoft',
  // /common has no issuer of its own: each token names the tenant it comes from, and the flow holds `iss` to `tid`.
  issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  endpoints: {
    authorization: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    token: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    jwks: 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  clientAuthentication: 'client_secret_post',
  scopes: ['openid', 'email', 'profile'],
  responseMode: 'query',
  loginHintParam: 'login_hint',
  prompts: ['login', 'consent', 'select_account'],
  identity: {
    kind: 'id_token',
    algorithms: ['RS256'],
    // For tokens of Graph. https://learn.microsoft.com/entra/identity-platform/userinfo
    userInfo: 'https://graph.microsoft.com/oidc/userinfo',
    // Any tenant's administrator can write any address into `email` (nOAuth, 2023). `xms_edov` says that the owner of
    // its domain was verified: an optional claim, to be switched on in the app registration.
    // https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
    read: (claims) => ({ ...standardClaims(claims, claims.xms_edov === true), avatarUrl: null }),
  },
  answer: {
    // The person has to come back: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    errors: {
      interaction_required: 'permanent',
      consent_required: 'permanent',
      login_required: 'permanent',
    },
  },
  grant: {
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    // A scope of Graph may be asked for and granted with its resource, or without.
    impliedScopes: (granted) =>
      granted.startsWith(GRAPH) ? [granted.slice(GRAPH.length)] : [`${GRAPH}${granted}`].filter(isGraphScope),
    // Each use brings a new one and leaves the old one alone; 90 days without use.
    // https://learn.microsoft.com/entra/identity-platform/refresh-tokens
    refresh: { rotates: true, reuse: 'allowed', idleSeconds: 90 * 86_400 },
    expiry: { fallbackSeconds: 3600 },
    // There is none: Graph can only sign a person out of everything, everywhere.
    revocation: null,
    metadata: ({ sub, oid, tid, email }) => ({ account_id: sub, object_id: oid, tenant_id: tid, email }),
  },
};

const GRAPH = 'https://graph.microsoft.com/';

/** Such as `Mail.Read`; OpenID's own, such as `email`, have no resource. */
function isGraphScope(scope: string): boolean {
  return /^https:\/\/graph\.microsoft\.com\/[A-Z][\w-]*(?:\.[\w-]+)+$/.test(scope);
}
