import { type Context, idempotencyKey } from '../context.ts';
import { newId, uuidFromDigest } from '../lib/ids.ts';
import { hmac, randomCode, randomSecret, toBase64Url } from '../lib/secrets.ts';

/** Makes the ids and secrets of one public create. */
export interface Maker {
  id(purpose: string): Promise<string>;
  /** 256 bits as base64url. */
  secret(purpose: string): Promise<string>;
  /** Six decimal digits. */
  code(purpose: string): Promise<string>;
}

/**
 * Random ids and secrets; with an `Idempotency-Key`, an HMAC of subject, procedure and key instead: a create whose
 * answer was lost can then be sent again and gives the very same ones, though nothing was stored for it.
 * @param subject for whom: a user id, or the secret that a public call proves itself with
 */
export function makerOf(ctx: Context, subject: string, procedure: string): Maker {
  const key = idempotencyKey(ctx);
  if (key === null) {
    return { id: async () => newId(), secret: async () => randomSecret(), code: async () => randomCode() };
  }
  const derive = (purpose: string) =>
    hmac(ctx.settings.lookupKeys.active.bytes, ['idempotency', subject, procedure, key, purpose]);
  return {
    id: async (purpose) => uuidFromDigest(await derive(purpose)),
    secret: async (purpose) => toBase64Url(await derive(purpose)),
    code: async (purpose) => digits(await derive(purpose)),
  };
}

/** 48 bits of the digest modulo a million: the bias is below one in 10^8. */
function digits(digest: Uint8Array): string {
  const number = digest.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % 1_000_000).padStart(6, '0');
}
