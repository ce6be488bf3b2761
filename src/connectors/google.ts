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
    read: (claims) => standardClaims(claims, isAuthoritative(claims)),
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
