import { standardClaims } from './standard-claims.ts';
import type { Connector } from './types.ts';

/** The OpenID provider that `npm run dev` starts beside the Worker, where the setting DEMO_ISSUER says. */
export const demo: Connector = {
  name: 'demo',
  title: 'Demo',
  issuer: null,
  endpoints: null,
  announcesIssuer: true,
  isForDevelopment: true,
  clientAuthentication: 'client_secret_basic',
  scopes: ['openid', 'email', 'profile'],
  responseMode: 'query',
  loginHintParam: 'login_hint',
  prompts: ['login', 'consent'],
  identity: {
    kind: 'id_token',
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    userInfo: null,
    read: (claims) => standardClaims(claims, claims.email_verified === true),
  },
  grant: {
    // https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess: only with consent
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    authorizationParams: { prompt: 'consent' },
    refresh: { rotates: true, reuse: 'revokes', idleSeconds: null },
    expiry: { fallbackSeconds: 3600 },
    revocation: { method: 'rfc7009', endpoint: null, token: 'refresh_token', reach: 'grant', gone: ['invalid_token'] },
    metadata: ({ sub, email }) => ({ account_id: sub, email }),
  },
};
