/** What a browser is asked, in the JSON that `PublicKeyCredential.parse…OptionsFromJSON` takes (WebAuthn §5.1). */
import { generateAuthenticationOptions, generateRegistrationOptions } from '@simplewebauthn/server';
import { toBase64Url } from '../../../lib/secrets.ts';
import { algorithms } from './public-key.ts';
import type { RelyingParty } from './relying-party.ts';
import { knownTransports } from './transports.ts';

/** As long as the challenge lives; WebAuthn §15.1 recommends five to ten minutes. */
const TIMEOUT_MS = 5 * 60_000;

/** A passkey as options name it. */
export interface PasskeyDescriptor {
  readonly credentialId: Uint8Array;
  readonly transports: readonly string[];
}

/** Whose passkey is to be made. */
export interface Registrant {
  /** 64 random bytes, the same for every passkey of the user; says nothing about them (WebAuthn §14.6.1). */
  readonly handle: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly displayName: string;
  readonly challenge: Uint8Array<ArrayBuffer>;
  /** The passkeys the user has already: an authenticator that holds one of them makes no second. */
  readonly registered: readonly PasskeyDescriptor[];
}

/** Options for `navigator.credentials.create`: a passkey that needs no user name and verifies its user. */
export async function registrationOptions(rp: RelyingParty, registrant: Registrant) {
  return generateRegistrationOptions({
    rpID: rp.id,
    rpName: rp.name,
    userID: registrant.handle,
    userName: registrant.name,
    userDisplayName: registrant.displayName,
    challenge: registrant.challenge,
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: registrant.registered.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  });
}

/** Options for `navigator.credentials.get`; without `allowed`, with any passkey of the site. */
export async function assertionOptions(
  rp: RelyingParty,
  given: { readonly challenge: Uint8Array<ArrayBuffer>; readonly allowed?: readonly PasskeyDescriptor[] },
) {
  return generateAuthenticationOptions({
    rpID: rp.id,
    challenge: given.challenge,
    timeout: TIMEOUT_MS,
    userVerification: 'required',
    allowCredentials: given.allowed?.map(descriptorOf),
  });
}

function descriptorOf({ credentialId, transports }: PasskeyDescriptor) {
  return { id: toBase64Url(credentialId), transports: knownTransports(transports) };
}
