import type { KeyRing } from '../../lib/keys.ts';
import { isUuid } from '../../lib/ids.ts';
import { hmac, toHex } from '../../lib/secrets.ts';

/** How long a link and its code are good for (ASVS 6.5.5: ten minutes at the most). */
export const MAGIC_LINK_SECONDS = 600;

/** What the browser that asked keeps: which request, and its secret. Spelt `<link id>.<secret>`. */
export interface BrowserProof {
  readonly linkId: string;
  readonly secret: string;
}

/** The proof in a cookie's or an answer's spelling; null when it is not one. */
export function parseBrowserProof(text: string | null | undefined): BrowserProof | null {
  const [linkId = '', secret = ''] = (text ?? '').split('.');
  return isUuid(linkId) && /^[\w-]{43}$/.test(secret) ? { linkId, secret } : null;
}

export function formatBrowserProof({ linkId, secret }: BrowserProof): string {
  return `${linkId}.${secret}`;
}

/**
 * A six-digit code as stored: HMAC under every key of the ring, with row and purpose, each `<key id>:<hex>`. The first
 * is the active key's, which new rows get.
 */
export async function codeHashes(ring: KeyRing, linkId: string, code: string): Promise<[string, ...string[]]> {
  const others = [...ring.all.values()].filter((key) => key.id !== ring.active.id);
  const hash = async (key: KeyRing['active']) =>
    `${key.id}:${toHex(await hmac(key.bytes, ['magic_link.code', linkId, code]))}`;
  return [await hash(ring.active), ...(await Promise.all(others.map(hash)))];
}
