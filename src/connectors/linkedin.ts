import { asClaims } from './claims.ts';
import { standardClaims } from './standard-claims.ts';
import type { Connector } from './types.ts';

const DAY = 86_400;

/** https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow */
export const linkedin: Connector = {
  name: 'linkedin',
  title: 'LinkedIn',
  // What LinkedIn's OpenID metadata and ID tokens name. Those tokens hold no nonce, so the API is asked instead.
  issuer: 'https://www.linkedin.com/oauth',
  endpoints: {
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  clientAuthentication: 'client_secret_post',
  scopes: [],
  // Its answers have been seen with commas, its documentation shows spaces.
  grantedScopeSeparator: /[\s,]+/,
  responseMode: 'query',
  // The flow with a client secret answers a verifier with invalid_client; native apps have a flow of their own.
  // https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow-native
  refusesPkce: true,
  loginHintParam: null,
  prompts: [],
  identity: {
    kind: 'api',
    headers: {},
    urls: { person: 'https://api.linkedin.com/v2/userinfo' },
    read: ({ person }) => standardClaims(asClaims(person), asClaims(person).email_verified === true),
  },
  // Its documentation shows answers without a type.
  answer: { defaultTokenType: 'Bearer' },
  grant: {
    // https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
    scopes: ['openid', 'profile', 'email'],
    // https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens, for approved partners
    refresh: { rotates: false, reuse: 'allowed', idleSeconds: null },
    expiry: {
      fallbackSeconds: 60 * DAY,
      refreshExpiresInPath: 'refresh_token_expires_in',
      consentSeconds: 365 * DAY,
    },
    // LinkedIn documents none; a member takes the app off under "Permitted services".
    revocation: null,
    // LinkedIn tells the address of a profile to approved partners only, and not here.
    metadata: ({ person }) => ({ member_id: asClaims(person).sub, profile_url: asClaims(person).profile }),
  },
};
