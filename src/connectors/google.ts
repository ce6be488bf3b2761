import { standardClaims } from './standard-claims.ts';
import type { Claims, Connector } from './types.ts';

/** https://developers.google.com/identity/openid-connect/reference */
export const google: Connector = {
  name: 'google',
  title: 'Google',
  // Google also writes `accounts.google.com`, in tokens of its old libraries; this flow never gets one.
  issuer: 'https://accounts.google.com',
  endpoints: {
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    jwks: 'https://www.googleapis.com/oauth2/v3/certs',
  },
  // Its metadata announces RFC 9207, and its answers have carried `iss` since 2026.
  announcesIssuer: true,
  isForDevelopment: false,
  clientAuthentication: 'client_secret_post',
  scopes: ['openid', 'email', 'profile'],
  responseMode: 'query',
  loginHintParam: 'login_hint',
  prompts: ['consent', 'select_account'],
  identity: {
    kind: 'id_token',
    algorithms: ['RS256'],
    userInfo: 'https://openidconnect.googleapis.com/v1/userinfo',
    read: (claims) => standardClaims(claims, isAuthoritative(claims)),
  },
  answer: {
    // https://developers.google.com/identity/protocols/oauth2/web-server#handlingresponse
    errors: {
      deleted_client: 'configuration',
      disabled_client: 'configuration',
      admin_policy_enforced: 'permanent',
    },
  },
  grant: {
    scopes: ['openid', 'email', 'profile'],
    // https://developers.google.com/identity/protocols/oauth2/web-server: a refresh token comes for offline access, and
    // surely only when consent was asked for; what was granted before is granted again.
    authorizationParams: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
    // Asked for by their OpenID names, granted under Google's own.
    impliedScopes: (granted) => {
      const [, name] = /^https:\/\/www\.googleapis\.com\/auth\/userinfo\.(email|profile)$/.exec(granted) ?? [];
      return name ? [name] : [];
    },
    // It dies after six months without use; https://developers.google.com/identity/protocols/oauth2#expiration
    refresh: { rotates: false, reuse: 'allowed', idleSeconds: 180 * 86_400 },
    // Set where the person gave access for a time only.
    expiry: { fallbackSeconds: 3600, refreshExpiresInPath: 'refresh_token_expires_in' },
    // Either token ends what the person granted to the whole project, in all of its clients.
    // https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    revocation: {
      method: 'rfc7009',
      endpoint: 'https://oauth2.googleapis.com/revoke',
      token: 'refresh_token',
      reach: 'grant',
      gone: ['invalid_token'],
    },
    metadata: ({ sub, email, hd }) => ({ account_id: sub, email, hosted_domain: hd }),
  },
};

/**
 * Google's own rule: it is an authority for Gmail addresses and those of Workspace domains (`hd`). Any other address
 * was verified once, when the account was made, and may have another owner today.
 * https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
 */
function isAuthoritative({ email, email_verified: isVerified, hd }: Claims): boolean {
  if (typeof email !== 'string' || isVerified !== true) return false;
  return email.toLowerCase().endsWith('@gmail.com') || (typeof hd === 'string' && hd !== '');
}
