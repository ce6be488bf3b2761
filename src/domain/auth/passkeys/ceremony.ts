/**
 * The two WebAuthn ceremonies without database and sessions. Every refusal has a code of its own: our own checks come
 * first, in the order of the specification, and then the library verifies the whole once more. What it still refuses is
 * the attestation, or the signature; its messages are never interpreted.
 */
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { AppError, type ErrorCode } from '../../../errors.ts';
import { aaguidName } from './aaguids.ts';
import { checkStatement, readAttestation } from './attestation.ts';
import { type AuthenticatorData, checkAuthenticatorData, readAuthenticatorData } from './authenticator-data.ts';
import { checkClientData, readClientData } from './client-data.ts';
import { algorithms, checkPublicKey } from './public-key.ts';
import { isSame } from './refusals.ts';
import type { RelyingParty } from './relying-party.ts';
import { readAssertion, readClientDataOf, readRegistration } from './responses.ts';
import { isWellFormed } from './signature.ts';
import { knownTransports } from './transports.ts';

export { assertionOptions, registrationOptions } from './options.ts';
export { relyingParty } from './relying-party.ts';

/** A passkey that was just made. */
export interface NewPasskey {
  readonly credentialId: Uint8Array<ArrayBuffer>;
  /** A COSE key. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: number;
  /** The model of its authenticator, 16 bytes; zeros where it does not say. */
  readonly aaguid: Uint8Array<ArrayBuffer>;
  readonly transports: string[];
  /** Whether its provider keeps it in several devices now. */
  readonly backedUp: boolean;
  /** Whether its provider can. */
  readonly deviceType: 'singleDevice' | 'multiDevice';
  /** The product that keeps it, as people know it; null when it is not in the public list. */
  readonly name: string | null;
}

/** The challenge (base64url) that a response of either ceremony answers; unverified. @throws passkey.malformed */
export function challengeOf(response: Record<string, unknown>): string {
  return readClientData(readClientDataOf(response).bytes).challenge;
}

/** Which passkey an assertion claims to be of, and whose that is; unverified. @throws passkey.malformed */
export function assertedCredential(response: Record<string, unknown>): {
  readonly credentialId: Uint8Array<ArrayBuffer>;
  readonly userHandle: Uint8Array<ArrayBuffer> | null;
} {
  const { id, response: assertion } = readAssertion(response);
  return { credentialId: id.bytes, userHandle: assertion.userHandle ? assertion.userHandle.bytes : null };
}

/**
 * Verifies a new passkey (WebAuthn §7.1), all but whether it is registered already and its challenge fresh.
 * @param challenge the base64url text that was read before
 * @throws passkey.malformed, .type_mismatch, .challenge_invalid, .origin_mismatch, .rp_mismatch, .user_not_present,
 *   .user_not_verified, .algorithm_unsupported, .attestation_invalid
 */
export async function verifyRegistration(
  rp: RelyingParty,
  response: Record<string, unknown>,
  challenge: string,
): Promise<NewPasskey> {
  const { id, response: given } = readRegistration(response);
  const clientData = readClientData(given.clientDataJSON.bytes);
  checkClientData(clientData, { type: 'webauthn.create', challenge, origins: rp.origins });
  const attestation = readAttestation(given.attestationObject.bytes);
  const data = readAuthenticatorData(attestation.authenticatorData);
  const { aaguid, credentialID, credentialPublicKey } = data;
  // The id beside the response is what browsers send later; the one inside is what the authenticator made.
  if (!aaguid || !credentialPublicKey || !credentialID || !isSame(credentialID, id.bytes)) {
    throw new AppError('passkey.malformed');
  }
  await checkAuthenticatorData(data, rp.id);
  const publicKey = credentialPublicKey.slice();
  const algorithm = await checkPublicKey(publicKey);
  checkStatement(attestation, { publicKey, algorithm });
  await refuseUnless('passkey.attestation_invalid', async () => {
    const { verified } = await verifyRegistrationResponse({
      response: libraryForm(id.text, {
        clientDataJSON: given.clientDataJSON.text,
        attestationObject: given.attestationObject.text,
      }),
      ...expected(rp, challenge),
      supportedAlgorithmIDs: algorithms,
    });
    return verified;
  });
  return {
    credentialId: id.bytes,
    publicKey,
    aaguid: aaguid.slice(),
    transports: knownTransports(given.transports ?? []),
    name: aaguidName(aaguid),
    ...stateOf(data),
  };
}

/**
 * Verifies an assertion (WebAuthn §7.2) of a known passkey, all but its counter and whether its challenge is fresh:
 * the database decides those when it stores them, for of two assertions at once only one may win.
 * @returns the counter that was signed, for that comparison
 * @throws passkey.malformed, .type_mismatch, .challenge_invalid, .origin_mismatch, .rp_mismatch, .user_not_present,
 *   .user_not_verified, .signature_invalid
 */
export async function verifyAssertion(
  rp: RelyingParty,
  response: Record<string, unknown>,
  known: { readonly publicKey: Uint8Array<ArrayBuffer>; readonly challenge: string },
): Promise<{ readonly counter: number; readonly backedUp: boolean }> {
  const { id, response: given } = readAssertion(response);
  const clientData = readClientData(given.clientDataJSON.bytes);
  checkClientData(clientData, { type: 'webauthn.get', challenge: known.challenge, origins: rp.origins });
  const data = readAuthenticatorData(given.authenticatorData.bytes);
  await checkAuthenticatorData(data, rp.id);
  await refuseUnless('passkey.signature_invalid', async () => {
    if (!isWellFormed(given.signature.bytes, known.publicKey)) return false;
    const { verified } = await verifyAuthenticationResponse({
      response: libraryForm(id.text, {
        clientDataJSON: given.clientDataJSON.text,
        authenticatorData: given.authenticatorData.text,
        signature: given.signature.text,
      }),
      ...expected(rp, known.challenge),
      // A stored counter of 0 never makes the library refuse: see above for who compares.
      credential: { id: id.text, publicKey: known.publicKey, counter: 0 },
    });
    return verified;
  });
  const { counter, backedUp } = stateOf(data);
  return { counter, backedUp };
}

/** @throws the refusal, when the library says no or throws: after our own checks it has one reason left */
async function refuseUnless(refusal: ErrorCode, verify: () => Promise<boolean>): Promise<void> {
  const verified = await verify().catch((cause: unknown) => {
    throw new AppError(refusal, { cause });
  });
  if (!verified) throw new AppError(refusal);
}

function expected(rp: RelyingParty, challenge: string) {
  return {
    expectedChallenge: challenge,
    expectedOrigin: [...rp.origins],
    expectedRPID: rp.id,
    requireUserVerification: true,
  };
}

/** A response with nothing in it that we did not read ourselves. */
function libraryForm<T>(id: string, response: T) {
  return { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {}, response };
}

function stateOf({ counter, flags }: AuthenticatorData): Pick<NewPasskey, 'counter' | 'backedUp' | 'deviceType'> {
  return { counter, backedUp: flags.bs, deviceType: flags.be ? 'multiDevice' : 'singleDevice' };
}
