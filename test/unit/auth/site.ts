/** A site and its visitor, for the tests of the WebAuthn ceremonies. */
import { isoCBOR } from '@simplewebauthn/server/helpers';
import {
  assertionOptions,
  challengeOf,
  type NewPasskey,
  registrationOptions,
  relyingParty,
  verifyAssertion,
  verifyRegistration,
} from '../../../src/domain/auth/passkeys/ceremony.ts';
import { AppError } from '../../../src/errors.ts';
import { fromBase64 } from '../../../src/lib/keys.ts';
import { toBase64Url } from '../../../src/lib/secrets.ts';
import {
  type Algorithm,
  type AssertionJson,
  type Authenticator,
  createAuthenticator,
  type Overrides,
  type RegistrationJson,
} from '../../support/authenticator.ts';
import { type Cbor, encodeCbor } from '../../support/authenticator/cbor.ts';

export const origin = 'https://example.org';
export const relatedOrigin = 'https://example.net';
export const rp = relyingParty({
  rpId: 'example.org',
  webauthnOrigins: [origin, relatedOrigin],
  productName: 'Example',
});

export const newChallenge = () => crypto.getRandomValues(new Uint8Array(64));
export const handle = new Uint8Array(64).fill(7);

/** Options for a new passkey of the visitor. */
export async function creationOptions(challenge = newChallenge()) {
  return registrationOptions(rp, { handle, name: 'ada@example.org', displayName: 'Ada', challenge, registered: [] });
}

/** A response to registration with the challenge that was asked for. */
export interface Registered {
  readonly authenticator: Authenticator;
  readonly response: RegistrationJson;
  readonly challenge: string;
}

/** Registers with a new authenticator. */
export async function register(overrides: Overrides = {}, algorithm: Algorithm = 'ES256'): Promise<Registered> {
  const authenticator = await createAuthenticator({ algorithm, origin });
  const options = await creationOptions();
  return { authenticator, response: await authenticator.register(options, overrides), challenge: options.challenge };
}

/** An assertion of a passkey that is known to the site. */
export interface Asserted {
  readonly response: AssertionJson;
  readonly challenge: string;
  readonly passkey: NewPasskey;
}

/** Registers properly, then signs in. */
export async function signIn(overrides: Overrides = {}, algorithm: Algorithm = 'ES256'): Promise<Asserted> {
  const { authenticator, response, challenge } = await register({}, algorithm);
  const passkey = await verifyRegistration(rp, response, challenge);
  const options = await assertionOptions(rp, { challenge: newChallenge() });
  return { response: await authenticator.assert(options, overrides), challenge: options.challenge, passkey };
}

/** What became of a promise: 'accepted' or the code it was refused with. Anything but an `AppError` fails the test. */
export async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/** What the verb does with a response to registration, from the first look at it. */
export async function outcomeOfRegistration(response: Record<string, unknown>, challenge: string): Promise<string> {
  return outcomeOf(
    (async () => {
      challengeOf(response);
      await verifyRegistration(rp, response, challenge);
    })(),
  );
}

/** What the verb does with an assertion. */
export async function outcomeOfAssertion(response: Record<string, unknown>, { challenge, passkey }: Asserted) {
  return outcomeOf(
    (async () => {
      challengeOf(response);
      await verifyAssertion(rp, response, { publicKey: passkey.publicKey, challenge });
    })(),
  );
}

/** The response with other parts: bytes are written as base64url, texts as they are. */
export function withParts<T extends RegistrationJson | AssertionJson>(
  given: T,
  parts: Readonly<Record<string, Uint8Array | string>>,
): T {
  const written = Object.entries(parts).map(([name, part]) => [
    name,
    typeof part === 'string' ? part : toBase64Url(part),
  ]);
  return { ...given, response: { ...given.response, ...Object.fromEntries(written) } };
}

/** The bytes of a base64url text that we wrote ourselves. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(text);
  if (!bytes) throw new Error('That is not base64url.');
  return bytes;
}

/** The members of an attestation object in base64url. */
export function attestationOf(attestationObject: string): Map<string, Cbor> {
  return isoCBOR.decodeFirst(bytesOf(attestationObject));
}

/** The registration with its attestation object changed. */
export function withAttestation(
  registration: RegistrationJson,
  change: (attestation: Map<string, Cbor>) => void,
): RegistrationJson {
  const attestation = attestationOf(registration.response.attestationObject);
  change(attestation);
  return withParts(registration, { attestationObject: encodeCbor(attestation) });
}

/** The registration with its authenticator data changed. */
export function withAuthenticatorData(
  registration: RegistrationJson,
  change: (data: Uint8Array<ArrayBuffer>) => Uint8Array,
): RegistrationJson {
  return withAttestation(registration, (attestation) => {
    attestation.set('authData', change(bytesOf(registration.response.authenticatorData)));
  });
}

/** The bytes with one bit flipped. */
export function flip(bytes: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> {
  return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
}
