/** Just enough X.509 (RFC 5280) for a made-up issuer of Android key attestations. */
import { join } from '../../support/authenticator/cbor.ts';
import { createSigningKey } from '../../support/authenticator/keys.ts';

/** DER: a tag, the length, the content. */
function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const { length } = join(...content);
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return join(Uint8Array.of(tag, ...head), ...content);
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const ascii = (text: string) => new TextEncoder().encode(text);
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const sequence = (...content: Uint8Array[]) => der(0x30, ...content);
const octets = (...content: Uint8Array[]) => der(0x04, ...content);
const integer = (value: number) => der(0x02, bytes(value));
const identifier = (encoded: string) => der(0x06, hex(encoded));

const ECDSA_WITH_SHA256 = sequence(identifier('2a8648ce3d040302'));
const P256 = sequence(identifier('2a8648ce3d0201'), identifier('2a8648ce3d030107'));
const NAME = sequence(der(0x31, sequence(identifier('550403'), der(0x0c, ascii('Nobody')))));
const VALIDITY = sequence(der(0x17, ascii('200101000000Z')), der(0x17, ascii('491231235959Z')));

const extension = (id: string, value: Uint8Array) => sequence(identifier(id), octets(value));

/** Where the list of revoked certificates is (§4.2.1.13). */
function distributionPoint(url: string): Uint8Array {
  return extension('551d1f', sequence(sequence(der(0xa0, der(0xa0, der(0x86, ascii(url)))))));
}

/** Android's description of a key: versions and levels, the challenge, and three empty members. */
function keyDescription(challenge: Uint8Array): Uint8Array {
  const level = der(0x0a, bytes(1));
  const empty = [octets(), sequence(), sequence()];
  const description = sequence(integer(3), level, integer(4), level, octets(challenge), ...empty);
  return extension('2b06010401d679020111', description);
}

const ISSUES = extension('551d13', sequence(der(0x01, bytes(0xff))));

export interface Issuer {
  readonly certificate: Uint8Array;
  /** A certificate for the uncompressed point of a key on P-256. */
  issue(of: { point: Uint8Array; challenge: Uint8Array; revocationList: string }): Promise<Uint8Array>;
}

/** An issuer that nobody trusts, with its self-signed certificate. */
export async function createIssuer(): Promise<Issuer> {
  const key = await createSigningKey('ES256');
  const certify = async (point: Uint8Array, serial: number, extensions: readonly Uint8Array[]) => {
    const publicKey = sequence(P256, der(0x03, bytes(0), point));
    const version = der(0xa0, integer(2));
    const body = [version, integer(serial), ECDSA_WITH_SHA256, NAME, VALIDITY, NAME, publicKey];
    const content = sequence(...body, der(0xa3, sequence(...extensions)));
    return sequence(content, ECDSA_WITH_SHA256, der(0x03, bytes(0), await key.sign(content)));
  };
  // The coordinates, of 32 bytes each, at their places in the COSE key.
  const own = join(bytes(4), key.publicKey.subarray(10, 42), key.publicKey.subarray(45, 77));
  return {
    certificate: await certify(own, 1, [ISSUES]),
    issue: async ({ point, challenge, revocationList }) =>
      certify(point, 2, [distributionPoint(revocationList), keyDescription(challenge)]),
  };
}
