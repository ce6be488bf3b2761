import type { AuthorizationServer, ExportedJWKSCache, JWKSCacheInput } from 'oauth4webapi';
import { AppError } from '../errors.ts';
import { issuerForTenant } from './issuer.ts';
import type { Claims } from './types.ts';

/** Per isolate, by address. Finished data: see `server.ts`. The library takes one for fresh for five minutes. */
const kept = new Map<string, ExportedJWKSCache>();

export interface KeySet {
  /** For the library, which fills it. A copy: the library hangs promises on the keys that it imports. */
  readonly cache: JWKSCacheInput;
  /** Keeps what the library fetched, for later calls. */
  readonly keep: () => void;
  /**
   * Where the key itself names an issuer, as Microsoft's do, it signs for that one alone. In 2023 a stolen key for
   * personal accounts signed tokens of organisations, where this was not looked at (Storm-0558).
   * https://learn.microsoft.com/entra/identity-platform/access-tokens
   * @throws provider.issuer_mismatch
   */
  readonly checkKeyIssuer: (keyId: unknown, claims: Claims) => void;
}

/** The key set of a provider, as far as it is known here. */
export function keySetOf({ jwks_uri: uri = '' }: AuthorizationServer): KeySet {
  const cache: JWKSCacheInput = structuredClone(kept.get(uri) ?? {});
  return {
    cache,
    keep: () => {
      if (isFilled(cache)) kept.set(uri, structuredClone(cache));
      else kept.delete(uri);
    },
    checkKeyIssuer: (keyId, { iss, tid }) => {
      const keys: readonly Claims[] = isFilled(cache) ? cache.jwks.keys.map((key) => ({ ...key })) : [];
      const issuer = keys.find(({ kid }) => kid === keyId)?.issuer;
      if (typeof issuer !== 'string' || issuerForTenant(issuer, tid) === iss) return;
      throw new AppError('provider.issuer_mismatch', { cause: 'key' });
    },
  };
}

function isFilled(cache: JWKSCacheInput): cache is ExportedJWKSCache {
  return 'jwks' in cache;
}
