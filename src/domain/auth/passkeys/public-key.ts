/** The public keys that we ask for: COSE keys (RFC 9053, RFC 8812) as WebAuthn §5.8.5 narrows them. */
import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { AppError } from '../../../errors.ts';
import { toBase64Url } from '../../../lib/secrets.ts';
import { orMalformed } from './refusals.ts';

const ES256 = -7;
const EDDSA = -8;
const RS256 = -257;

/** ES256, Ed25519 and RS256, the ones we like best first. */
export const algorithms = [ES256, EDDSA, RS256];

/** The labels of a COSE key; the negative ones mean another thing for every key type. */
const KTY = 1;
const ALG = 3;

/**
 * Checks a new public key: without attestation the library takes any bytes for one, and the passkey would never work.
 * @returns its algorithm, one of `algorithms`
 * @throws passkey.algorithm_unsupported; passkey.malformed when it is no key of its algorithm
 */
export async function checkPublicKey(coseKey: Uint8Array<ArrayBuffer>): Promise<number> {
  const key: unknown = orMalformed(() => decodeCredentialPublicKey(coseKey));
  if (!(key instanceof Map) || typeof key.get(ALG) !== 'number') throw new AppError('passkey.malformed');
  const algorithm = algorithms.find((asked) => asked === key.get(ALG));
  if (algorithm === undefined) throw new AppError('passkey.algorithm_unsupported');
  try {
    await importKey(key);
    return algorithm;
  } catch (cause) {
    throw new AppError('passkey.malformed', { cause });
  }
}

async function importKey(key: ReadonlyMap<unknown, unknown>): Promise<CryptoKey> {
  switch (key.get(ALG)) {
    case ES256: {
      // Web Crypto refuses a point that is not on the curve.
      const jwk = { kty: 'EC', crv: 'P-256', x: part(key, -2, [32, 32]), y: part(key, -3, [32, 32]) };
      if (key.get(KTY) !== 2 || key.get(-1) !== 1) throw new Error('The key is not on P-256.');
      return crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    }
    case EDDSA: {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: part(key, -2, [32, 32]) };
      if (key.get(KTY) !== 1 || key.get(-1) !== 6) throw new Error('The key is not on Ed25519.');
      return crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
    }
    default: {
      // 2048 to 4096 bits: less is weak, more would let one sign-in cost whatever its owner likes.
      const jwk = { kty: 'RSA', n: part(key, -1, [256, 512]), e: part(key, -2, [1, 4]) };
      if (key.get(KTY) !== 3) throw new Error('The key is not RSA.');
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
      return crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
    }
  }
}

function part(key: ReadonlyMap<unknown, unknown>, label: number, [min, max]: readonly [number, number]): string {
  const bytes = key.get(label);
  if (!(bytes instanceof Uint8Array) || bytes.length < min || bytes.length > max) {
    throw new Error(`Part ${label} of the key is missing or has a wrong length.`);
  }
  return toBase64Url(bytes);
}
