import { sha256Hex } from './secrets.ts';

/** What a caller presents. The prefix says its kind; the database decides whether it is live. */
export interface Credential {
  readonly kind: 'session' | 'token';
  /** SHA-256 of the whole secret, hex: what is stored and looked up. */
  hash(): Promise<string>;
}

/** Prefix of session secrets: 256 random bits follow, as 43 base64url characters. */
export const SESSION_PREFIX = 'gts_';

/** API tokens: `gtk_`, 30 base62 characters and a checksum of 6. */
const forms = { session: /^gts_[\w-]{43}$/, token: /^gtk_[0-9A-Za-z]{36}$/ } as const;

/** The credential a text spells, or null when it has no form this service issues. */
export function parseCredential(secret: string): Credential | null {
  const kind = forms.session.test(secret) ? 'session' : forms.token.test(secret) ? 'token' : null;
  let hash: Promise<string> | undefined;
  return kind && { kind, hash: () => (hash ??= sha256Hex(secret)) };
}
