import type { ClaimedIdentity, Claims } from './types.ts';

/** Reads OpenID's standard claims (OpenID Connect Core §5.1). `isEmailVerified`: by the provider's own rule. */
export function standardClaims(claims: Claims, isEmailVerified: boolean): ClaimedIdentity {
  return {
    subject: claims.sub,
    email: claims.email,
    isEmailVerified,
    name: claims.name,
    avatarUrl: claims.picture,
  };
}
