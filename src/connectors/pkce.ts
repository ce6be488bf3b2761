import { hmac, toBase64Url } from '../lib/secrets.ts';

/** What one authorisation request is bound to this browser by. */
export interface RequestSecrets {
  /** PKCE (RFC 7636): told to the token endpoint alone. 43 characters. */
  readonly codeVerifier: string;
  /** S256 of the verifier, told in the address. */
  readonly codeChallenge: string;
  /** Comes back in the ID token (OpenID Connect Core §3.1.2.1). */
  readonly nonce: string;
}

const encoder = new TextEncoder();

/**
 * Derives them from the browser's secret and the state, so that nothing of them is stored: who has the database, or
 * the address, or the cookie of another request has none of them.
 * @param browserSecret at least 128 random bits as text, which only this browser holds
 */
export async function deriveSecrets(browserSecret: string, state: string): Promise<RequestSecrets> {
  const key = encoder.encode(browserSecret);
  const codeVerifier = toBase64Url(await hmac(key, ['code_verifier', state]));
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(codeVerifier));
  return {
    codeVerifier,
    codeChallenge: toBase64Url(new Uint8Array(digest)),
    nonce: toBase64Url(await hmac(key, ['nonce', state])),
  };
}
