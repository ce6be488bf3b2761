import { isApiToken } from './api-token.ts';
import { sha256Hex } from './secrets.ts';

/** What a caller presents. The prefix says its kind; the database decides whether it is live. */
export interface Credential {
  readonly kind: 'session' | 'token';
  /** SHA-256 of the whole secret, hex: what is stored and looked up. */
  hash(): Promise<string>;
}

/** Prefix of session secrets: 256 random bits follow, as 43 base64url characters. */
export const SESSION_PREFIX = 'gts_';

const SESSION = /^gts_[\w-]{43}$/;

/** The session a cookie holds, or null: of all credentials a browser's cookie takes a session alone. */
export function parseSession(secret: string | null): Credential | null {
  return secret !== null && SESSION.test(secret) ? parseCredential(secret) : null;
}

/** The credential a text spells, or null when it has no form this service issues: a wrong checksum is no form of it. */
export function parseCredential(secret: string): Credential | null {
  const kind = SESSION.test(secret) ? 'session' : isApiToken(secret) ? 'token' : null;
  let hash: Promise<string> | undefined;
  return kind && { kind, hash: () => (hash ??= sha256Hex(secret)) };
}
