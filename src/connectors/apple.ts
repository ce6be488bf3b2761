import { standardClaims } from './standard-claims.ts';
import type { Connector } from './types.ts';

/** https://developer.apple.com/documentation/signinwithapplerestapi */
export const apple: Connector = {
  name: 'apple',
  title: 'Apple',
  // In June 2025 Apple's metadata said account.apple.com for some days, while its tokens went on saying this.
  issuer: 'https://appleid.apple.com',
  endpoints: {
    authorization: 'https://appleid.apple.com/auth/authorize',
    token: 'https://appleid.apple.com/auth/token',
    jwks: 'https://appleid.apple.com/auth/keys',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  clientAuthentication: 'signed_client_secret',
  scopes: ['name', 'email'],
  // Apple demands it as soon as a scope is asked for.
  responseMode: 'form_post',
  loginHintParam: null,
  prompts: [],
  identity: {
    kind: 'id_token',
    algorithms: ['RS256'],
    read: (claims, { user }) => {
      const isVerified = claims.email_verified === true || claims.email_verified === 'true';
      return { ...standardClaims(claims, isVerified), name: nameOf(user), avatarUrl: null };
    },
  },
  grant: null,
};

/**
 * Apple tells a name at the first authorisation alone, and through the browser, which can write what it likes: it
 * names the person to themselves and proves nothing. The address beside it is not read: the ID token has a signed one.
 */
function nameOf(user: string | null): string | null {
  if (user === null) return null;
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } };
    return [name?.firstName, name?.lastName].filter((part) => typeof part === 'string').join(' ');
  } catch {
    return null;
  }
}
