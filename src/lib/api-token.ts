/**
 * The form of API tokens: `gtk_`, 30 random base62 characters (178 bits), and 6 of checksum over the 34 before. After
 * GitHub's scheme (its blog of 2021-04-05). A mistyped token, or a text that only looks like one, is told from a real
 * one without asking anybody.
 */

/** What every API token begins with, so that people and secret scanners know it. */
export const API_TOKEN_PREFIX = 'gtk_';

const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const FORM = /^gtk_[0-9A-Za-z]{36}$/;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The largest multiple of 62 in a byte: what lies above would favour the first eight characters. */
const UNBIASED = 248;
const SEED_LENGTH = 43;

const encoder = new TextEncoder();

/** A new API token, drawn at random. */
export function newApiToken(): string {
  let random = '';
  // 40 bytes give 30 characters nearly always, since 31 in 32 are used.
  while (random.length < RANDOM_LENGTH) random += base62(crypto.getRandomValues(new Uint8Array(40)));
  return withChecksum(random);
}

/**
 * The API token that a seed stands for, always the same: for a create whose answer may be lost and asked for again.
 * HKDF-SHA-256 (RFC 5869) stretches the seed, so the token tells nothing of it.
 * @param seed 256 secret bits as base64url, such as a digest
 * @throws RangeError for a shorter seed, which could be guessed
 */
export async function apiTokenFrom(seed: string): Promise<string> {
  if (seed.length < SEED_LENGTH) throw new RangeError('The seed of an API token needs 256 bits.');
  const key = await crypto.subtle.importKey('raw', encoder.encode(seed), 'HKDF', false, ['deriveBits']);
  let random = '';
  for (let round = 0; random.length < RANDOM_LENGTH; round += 1) {
    const info = encoder.encode(`gatehouse api token ${round}`);
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
    random += base62(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 512)));
  }
  return withChecksum(random);
}

/** Whether the text has the form of an API token and its checksum is right. Only the database knows whether it is live. */
export function isApiToken(text: string): boolean {
  return FORM.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** The first 8 characters, which are stored so that its owner recognises it (requirement 3 §1.5). */
export function tokenPrefix(token: string): string {
  return token.slice(0, 8);
}

/** CRC-32 of the text's UTF-8 bytes, as IEEE 802.3, zip and PNG have it. */
export function crc32(text: string): number {
  let register = 0xffffffff;
  for (const byte of encoder.encode(text)) register = (register >>> 8) ^ (TABLE[(register ^ byte) & 0xff] ?? 0);
  return (register ^ 0xffffffff) >>> 0;
}

/** What eight steps of the division do to each byte; 0xedb88320 is the polynomial with its bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function withChecksum(random: string): string {
  const body = API_TOKEN_PREFIX + random.slice(0, RANDOM_LENGTH);
  return body + checksum(body);
}

/** Six characters hold 62^6, more than 2^32: every checksum fits and has one spelling. */
function checksum(body: string): string {
  let text = '';
  for (let rest = crc32(body); text.length < CHECKSUM_LENGTH; rest = Math.floor(rest / 62)) {
    text = ALPHABET.charAt(rest % 62) + text;
  }
  return text;
}

/** A character for each byte; bytes that would bias the choice are left out. */
function base62(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte < UNBIASED ? ALPHABET.charAt(byte % 62) : '')).join('');
}
