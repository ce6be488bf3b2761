/** Random secrets and digests. Only Web Crypto, so all of it runs in a Worker. */

const encoder = new TextEncoder();

/** `bytes` random bytes as unpadded base64url: 32 bytes (256 bits, ASVS 7.2.3 asks for 128) become 43 characters. */
export function randomSecret(bytes = 32): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** A uniformly distributed decimal code of `digits` digits; values that would bias the modulus are drawn again. */
export function randomCode(digits = 6): string {
  const range = 10 ** digits;
  const limit = Math.floor(2 ** 32 / range) * range;
  const draw = new Uint32Array(1);
  do crypto.getRandomValues(draw);
  while ((draw[0] ?? limit) >= limit);
  return String((draw[0] ?? 0) % range).padStart(digits, '0');
}

/** SHA-256 of a UTF-8 text as 64 lower-case hex characters: how secrets of 128 bits and more are stored. */
export async function sha256Hex(text: string): Promise<string> {
  return toHex(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
}

/** HMAC-SHA-256 of the parts, each length-prefixed so that no two lists of parts give the same input. */
export async function hmac(key: Uint8Array<ArrayBuffer>, parts: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
  const message = parts.map((part) => `${encoder.encode(part).length}:${part}`).join('');
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, encoder.encode(message)));
}

/** Lower-case hex of the bytes. */
export function toHex(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = '';
  for (const byte of view) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** The bytes of a hex text that we wrote ourselves. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Unpadded base64url (RFC 4648 §5) of the bytes. */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  // Byte by byte: spreading a long value into one call would overflow the stack.
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
