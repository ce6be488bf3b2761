/** The attestation object of a registration (WebAuthn §6.5.4). */
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { AppError } from '../../../errors.ts';
import { isSame, orMalformed } from './refusals.ts';

/**
 * The formats we let the library verify. We ask for none, so what comes is 'none' or the self attestation of 'packed';
 * the others are taken as kindly as that, for no trust anchor is set. Left out are 'android-key', 'android-safetynet'
 * and 'apple': while it follows their certificates, the library fetches revocation lists from addresses that stand in
 * them, and for 'android-key' it does so before it knows the root: the sender would choose what the Worker fetches.
 */
const FORMATS = ['none', 'packed', 'tpm', 'fido-u2f'];

/** The attestation object as far as we look at it ourselves. */
export interface Attestation {
  readonly format: string;
  readonly authenticatorData: Uint8Array<ArrayBuffer>;
}

/**
 * Reads an attestation object. It must be written in the shortest form, as WebAuthn §2.4 demands, and nothing may follow:
 * the library's own decoder forgives a byte string that ends too early, and bytes after the end.
 * @throws passkey.malformed
 */
export function readAttestation(bytes: Uint8Array<ArrayBuffer>): Attestation {
  return orMalformed(() => {
    const decoded = isoCBOR.decodeFirst<unknown>(bytes);
    if (!(decoded instanceof Map)) throw new Error('It is not a map.');
    if (!isSame(isoCBOR.encode(decoded), bytes)) throw new Error('It is not written in the one shortest form.');
    const [format, statement, data]: unknown[] = ['fmt', 'attStmt', 'authData'].map((name) => decoded.get(name));
    if (typeof format !== 'string' || !(statement instanceof Map) || !(data instanceof Uint8Array)) {
      throw new Error('A part is missing.');
    }
    return { format, authenticatorData: data.slice() };
  });
}

/** @throws passkey.attestation_invalid when the format is not one of those that we verify */
export function checkFormat({ format }: Attestation): void {
  if (!FORMATS.includes(format)) throw new AppError('passkey.attestation_invalid');
}
