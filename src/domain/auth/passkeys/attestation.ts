/** The attestation object of a registration (WebAuthn §6.5.4). */
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { AppError } from '../../../errors.ts';
import { isSame, orMalformed } from './refusals.ts';
import { isWellFormed } from './signature.ts';

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
  readonly statement: ReadonlyMap<unknown, unknown>;
  readonly authenticatorData: Uint8Array<ArrayBuffer>;
}

/**
 * Reads an attestation object. It must be written in the shortest form, as WebAuthn §2.4 demands, and nothing may
 * follow: the library's own decoder forgives a byte string that ends too early, and bytes after the end. (Its encoder is
 * wrong about texts outside ASCII, so those are refused as well; no format has any.)
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
    return { format, statement, authenticatorData: data.slice() };
  });
}

/**
 * Checks of a statement what the library does not: its format, and that a self attestation names the algorithm of the
 * new key (WebAuthn §8.2) and is a signature and nothing else.
 * @throws passkey.attestation_invalid
 */
export function checkStatement(
  { format, statement }: Attestation,
  { publicKey, algorithm }: { readonly publicKey: Uint8Array<ArrayBuffer>; readonly algorithm: number },
): void {
  if (!FORMATS.includes(format)) throw new AppError('passkey.attestation_invalid');
  if (format !== 'packed' || Array.isArray(statement.get('x5c'))) return;
  const signature = statement.get('sig');
  const isSelf = signature instanceof Uint8Array && isWellFormed(signature, publicKey);
  if (!isSelf || statement.get('alg') !== algorithm) throw new AppError('passkey.attestation_invalid');
}
