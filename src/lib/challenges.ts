/**
 * Challenges without a table: each carries its expiry and a MAC over what it is for.
 *
 * The options of a sign-in are asked for by nobody in particular, on every look at the page. If each wrote a row,
 * anybody could fill the database. So a challenge is only proven to be ours when it comes back; the database adds the
 * one thing that needs memory, single use, by recording the hash of a challenge when it is spent.
 *
 * Layout: 24 random bytes (WebAuthn §13.4.3 asks for 16) · expiry, milliseconds, 8 bytes big-endian · HMAC-SHA-256.
 */
import { fromBase64, type KeyRing } from './keys.ts';
import { hmac, sha256Hex, toBase64Url } from './secrets.ts';

/** The ceremonies that ask for a challenge. One made for one of them is refused by the others. */
export type ChallengePurpose = 'passkey.registration' | 'passkey.sign_in' | 'passkey.step_up';

/** What a challenge is for; the reader must name the same. */
export interface ChallengeUse {
  readonly purpose: ChallengePurpose;
  /** The SHA-256 of the session's secret, or '' where nobody is signed in yet. */
  readonly boundTo: string;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

export type ReadChallenge =
  | {
      readonly status: 'valid';
      /** SHA-256 of the base64url text in hex: what the database records as spent. */
      readonly hash: string;
      /** ISO 8601. After it the record of its use may go. */
      readonly expiresAt: string;
    }
  | { readonly status: 'expired' }
  | { readonly status: 'invalid' };

/** How long a challenge lives; WebAuthn §15.1 recommends five minutes and more. */
export const CHALLENGE_TTL_MS = 5 * 60_000;

const RANDOM_BYTES = 24;
const HEAD_BYTES = RANDOM_BYTES + 8;
const CHALLENGE_BYTES = HEAD_BYTES + 32;

/** A challenge of 64 bytes, good for five minutes, under the active key. */
export async function makeChallenge(ring: KeyRing, use: ChallengeUse): Promise<Uint8Array<ArrayBuffer>> {
  const challenge = new Uint8Array(CHALLENGE_BYTES);
  crypto.getRandomValues(challenge.subarray(0, RANDOM_BYTES));
  const expiry = (use.now ?? Date.now()) + CHALLENGE_TTL_MS;
  new DataView(challenge.buffer).setBigUint64(RANDOM_BYTES, BigInt(expiry));
  challenge.set(await tag(ring.active.bytes, challenge, use), HEAD_BYTES);
  return challenge;
}

/**
 * Reads a challenge that came back, under any key of the ring.
 * @param text its base64url text, as `clientDataJSON` has it
 * @returns 'invalid' when we never made it for this use; 'expired' only for one that we did make
 */
export async function readChallenge(ring: KeyRing, text: string, use: ChallengeUse): Promise<ReadChallenge> {
  const challenge = fromBase64(text);
  // One spelling only: what is spent is the hash of the text, so a second spelling would be a second use.
  if (challenge?.length !== CHALLENGE_BYTES || toBase64Url(challenge) !== text) return { status: 'invalid' };
  const given = challenge.subarray(HEAD_BYTES);
  const known = await Promise.all([...ring.all.values()].map(async (key) => tag(key.bytes, challenge, use)));
  if (!known.some((expected) => isEqual(expected, given))) return { status: 'invalid' };
  const expiry = Number(new DataView(challenge.buffer).getBigUint64(RANDOM_BYTES));
  if ((use.now ?? Date.now()) >= expiry) return { status: 'expired' };
  return { status: 'valid', hash: await sha256Hex(text), expiresAt: new Date(expiry).toISOString() };
}

async function tag(key: Uint8Array<ArrayBuffer>, challenge: Uint8Array, { purpose, boundTo }: ChallengeUse) {
  return hmac(key, ['challenge', purpose, boundTo, toBase64Url(challenge.subarray(0, HEAD_BYTES))]);
}

/** Takes as long for a wrong first byte as for a wrong last one. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0;
}
