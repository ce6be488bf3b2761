/** The part of a response that the authenticator wrote (WebAuthn §6.1). */
import { parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import { AppError } from '../../../errors.ts';
import { isSame, orMalformed } from './refusals.ts';

/** The major type of a CBOR map, and its shortest one. */
const CBOR_MAP = 5;
const EMPTY_MAP = 0xa0;

/** Authenticator data, taken apart. */
export type AuthenticatorData = ReturnType<typeof parseAuthenticatorData>;

/**
 * Takes authenticator data apart. What was understood must be exactly what was sent: the library takes a byte string
 * that ends too early, reads on from where the shortest encoding would have ended, and takes a text for extensions.
 * @throws passkey.malformed
 */
export function readAuthenticatorData(bytes: Uint8Array<ArrayBuffer>): AuthenticatorData {
  // A copy: the library changes a byte of its input on one way out (a repair for Firefox 117).
  const data = orMalformed(() => parseAuthenticatorData(bytes.slice()));
  const extensions = data.extensionsDataBuffer?.[0] ?? EMPTY_MAP;
  if (extensions >> 5 !== CBOR_MAP || !isSame(written(data), bytes)) throw new AppError('passkey.malformed');
  return data;
}

function written(data: AuthenticatorData): Uint8Array {
  const { rpIdHash, flagsBuf, counterBuf, aaguid, credentialID, credentialPublicKey, extensionsDataBuffer } = data;
  const length = credentialID ? [credentialID.length >> 8, credentialID.length & 255] : [];
  const parts = [
    rpIdHash,
    flagsBuf,
    counterBuf,
    aaguid,
    length,
    credentialID,
    credentialPublicKey,
    extensionsDataBuffer,
  ];
  return Uint8Array.from(parts.flatMap((part) => [...(part ?? [])]));
}

/**
 * Holds authenticator data against the site and our policy: somebody was there and was verified.
 * @param rpId the site's own; hashed here
 * @throws passkey.rp_mismatch, .user_not_present, .user_not_verified; .malformed when it is backed up and cannot be
 */
export async function checkAuthenticatorData({ rpIdHash, flags }: AuthenticatorData, rpId: string): Promise<void> {
  const expected = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(rpId));
  if (!isSame(rpIdHash, new Uint8Array(expected))) throw new AppError('passkey.rp_mismatch');
  if (!flags.up) throw new AppError('passkey.user_not_present');
  if (!flags.uv) throw new AppError('passkey.user_not_verified');
  if (flags.bs && !flags.be) throw new AppError('passkey.malformed');
}
