import { fromBase64 } from '../../../src/lib/keys.ts';
import { type Cbor, encodeCbor, join } from './cbor.ts';

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/** The numbers of COSE (RFC 9053, RFC 8812). */
export const coseNumber = { ES256: -7, EdDSA: -8, RS256: -257 } as const satisfies Record<Algorithm, number>;

/** The private half signs, the public half is written as a COSE key. */
export interface SigningKey {
  readonly algorithm: Algorithm;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

const generation = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
} as const;

const signing = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
} as const;

/** A fresh key pair. */
export async function createSigningKey(algorithm: Algorithm): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey(generation[algorithm], true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error(`${algorithm} gave no pair of keys.`);
  const jwk = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey;
  return {
    algorithm,
    publicKey: encodeCbor(coseKey(algorithm, jwk)),
    sign: async (data) => {
      const signature = new Uint8Array(await crypto.subtle.sign(signing[algorithm], pair.privateKey, data));
      return algorithm === 'ES256' ? derSignature(signature) : signature;
    },
  };
}

function coseKey(algorithm: Algorithm, jwk: JsonWebKey): Map<number, Cbor> {
  const alg = coseNumber[algorithm];
  if (algorithm === 'RS256') {
    return new Map<number, Cbor>([
      [1, 3],
      [3, alg],
      [-1, bytesOf(jwk.n)],
      [-2, bytesOf(jwk.e)],
    ]);
  }
  if (algorithm === 'EdDSA')
    return new Map<number, Cbor>([
      [1, 1],
      [3, alg],
      [-1, 6],
      [-2, bytesOf(jwk.x)],
    ]);
  return new Map<number, Cbor>([
    [1, 2],
    [3, alg],
    [-1, 1],
    [-2, bytesOf(jwk.x)],
    [-3, bytesOf(jwk.y)],
  ]);
}

/** Web Crypto gives r and s side by side; WebAuthn has them as a DER sequence of two integers (§6.5.5). */
function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const integers = join(derInteger(raw.subarray(0, 32)), derInteger(raw.subarray(32)));
  return join(Uint8Array.of(0x30, integers.length), integers);
}

function derInteger(bytes: Uint8Array): Uint8Array {
  const digits = bytes.subarray(
    Math.max(
      0,
      bytes.findIndex((byte) => byte !== 0),
    ),
  );
  const positive = (digits[0] ?? 0) < 0x80 ? digits : join(Uint8Array.of(0), digits);
  return join(Uint8Array.of(0x02, positive.length), positive);
}

function bytesOf(text: string | undefined): Uint8Array {
  const bytes = text === undefined ? null : fromBase64(text);
  if (!bytes) throw new Error('The public key lacks a part.');
  return bytes;
}
