import type { Claims } from '../../../../src/connectors/types.ts';

/** Signing keys of a provider, one for each algorithm, and the key set that it publishes. */
export interface SigningKeys {
  readonly keySet: { readonly keys: readonly Claims[] };
  /** A JWT. `header.alg` chooses the key; for `none` the signature is empty. */
  readonly sign: (header: { readonly alg: string } & Claims, claims: Claims) => Promise<string>;
}

interface KeyKind {
  readonly generate: RsaHashedKeyGenParams | EcKeyGenParams | { readonly name: string };
  readonly sign: { readonly name: string; readonly hash?: string };
}

const kinds: Readonly<Record<string, KeyKind>> = {
  RS256: {
    generate: {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    sign: { name: 'RSASSA-PKCS1-v1_5' },
  },
  ES256: { generate: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
};

export async function generateSigningKeys(): Promise<SigningKeys> {
  const pairs = new Map<string, CryptoKeyPair>();
  const keys: Claims[] = [];
  for (const [alg, { generate }] of Object.entries(kinds)) {
    const pair = (await crypto.subtle.generateKey(generate, true, ['sign', 'verify'])) as CryptoKeyPair;
    pairs.set(alg, pair);
    keys.push({ ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), alg, use: 'sig', kid: `key-${alg}` });
  }
  return {
    keySet: { keys: keys.map(({ key_ops: _operations, ext: _extractable, ...key }) => key) },
    sign: async (header, claims) => {
      const input = [{ kid: `key-${header.alg}`, typ: 'JWT', ...header }, claims].map(encode).join('.');
      return `${input}.${await signature(pairs, header.alg, input)}`;
    },
  };
}

async function signature(pairs: Map<string, CryptoKeyPair>, alg: string, input: string): Promise<string> {
  const data = Buffer.from(input);
  // The attack of old: a symmetric signature under the public key, or under the client's own secret.
  if (alg === 'HS256') {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', Buffer.from('a secret'), algorithm, false, ['sign']);
    return Buffer.from(await crypto.subtle.sign(algorithm, key, data)).toString('base64url');
  }
  const pair = pairs.get(alg);
  const kind = kinds[alg];
  if (!pair || !kind) return '';
  return Buffer.from(await crypto.subtle.sign(kind.sign, pair.privateKey, data)).toString('base64url');
}

export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The payload of a JWT, its ES256 signature checked. */
export async function verifyEs256(token: string, key: CryptoKey): Promise<{ header: Claims; claims: Claims }> {
  const [header = '', claims = '', signed = ''] = token.split('.');
  const data = Buffer.from(`${header}.${claims}`);
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  if (!(await crypto.subtle.verify(algorithm, key, Buffer.from(signed, 'base64url'), data))) {
    throw new Error('The signature does not hold.');
  }
  return { header: decode(header), claims: decode(claims) };
}

function decode(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims;
}
