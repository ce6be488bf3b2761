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
    // Any tenant's administrator can write any address into `email` (nOAuth, 2023). `xms_edov` says that the owner of
    // its domain was verified: an optional claim, to be switched on in the app registration.
    // https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
    read: (claims) => ({ ...standardClaims(claims, claims.xms_edov === true), avatarUrl: null }),
  },
};
