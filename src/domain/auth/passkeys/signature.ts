import { cose, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';

const SEQUENCE = 0x30;

/**
 * An ECDSA signature is a DER sequence of two integers (WebAuthn §6.5.5) and nothing else. The library reads it with a
 * parser that forgives more, bytes after the end among them, so that anything could follow a signature unseen;
 * that both are integers it does see to.
 * @returns true for the signatures of other keys, whose form the cryptography itself demands
 */
export function isWellFormed(signature: Uint8Array, coseKey: Uint8Array<ArrayBuffer>): boolean {
  if (!cose.isCOSEPublicKeyEC2(decodeCredentialPublicKey(coseKey))) return true;
  const [tag, length = 0, , firstLength = 0] = signature;
  const second = 4 + firstLength;
  const secondLength = signature[second + 1] ?? 0;
  const isWhole = tag === SEQUENCE && length === signature.length - 2;
  return isWhole && second + 2 + secondLength === signature.length;
}
