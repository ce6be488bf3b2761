/** The two texts that an assertion's signature covers: what the browser says and what the authenticator says. */
import { join } from './cbor.ts';
import { createSigningKey, type SigningKey } from './keys.ts';

/** What to do otherwise than one should, or than it would by itself. */
export interface Overrides {
  readonly type?: string;
  /** base64url */
  readonly challenge?: string;
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  /** More members of the client data. */
  readonly clientData?: Record<string, unknown>;
  readonly rpId?: string;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  readonly counter?: number;
  /** Signs with a fresh key of the same algorithm instead of the passkey's own. */
  readonly signedByAnother?: boolean;
  /** Registration: 'packed' is self attestation. 'none' if not said. */
  readonly attestation?: 'none' | 'packed';
  readonly transports?: readonly string[];
  /** Assertion: answers with this passkey, base64url; else with the newest one that the options allow. */
  readonly credentialId?: string;
  /** Assertion: base64url, or null for none. */
  readonly userHandle?: string | null;
}

/** The client data (§5.8.1) of a browser; right unless overridden. */
export function clientDataJson(
  right: { readonly type: string; readonly challenge: string; readonly origin: string },
  { type, challenge, origin, crossOrigin = false, topOrigin, clientData }: Overrides,
): Uint8Array<ArrayBuffer> {
  const members = {
    type: type ?? right.type,
    challenge: challenge ?? right.challenge,
    origin: origin ?? right.origin,
    crossOrigin,
    topOrigin,
    ...clientData,
  };
  return new TextEncoder().encode(JSON.stringify(members));
}

/** Authenticator data (§6.1) up to the counter: hash of the RP id, flags, counter. */
export async function authenticatorData(
  right: { readonly rpId: string; readonly counter: number; readonly synced: boolean },
  overrides: Overrides,
): Promise<Uint8Array<ArrayBuffer>> {
  const { userPresent = true, userVerified = true, backupEligible = right.synced } = overrides;
  const { rpId = right.rpId, backedUp = backupEligible, counter = right.counter } = overrides;
  const tail = new Uint8Array(5);
  tail[0] = (userPresent ? 1 : 0) | (userVerified ? 4 : 0) | (backupEligible ? 8 : 0) | (backedUp ? 16 : 0);
  new DataView(tail.buffer).setUint32(1, counter);
  return join(await sha256(new TextEncoder().encode(rpId)), tail);
}

/** The authenticator data with an attested credential (§6.5.1) behind it. */
export function withCredential(
  data: Uint8Array,
  credential: { readonly aaguid: Uint8Array; readonly id: Uint8Array; readonly publicKey: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const { aaguid, id, publicKey } = credential;
  const whole = join(data, aaguid, Uint8Array.of(id.length >> 8, id.length & 255), id, publicKey);
  whole[32] = (whole[32] ?? 0) | 0x40;
  return whole;
}

/** The signature of authenticator data and the hash of client data: of an assertion, or of a self attestation. */
export async function signatureOf(
  own: SigningKey,
  signed: { readonly data: Uint8Array; readonly clientData: Uint8Array<ArrayBuffer> },
  { signedByAnother = false }: Overrides,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = signedByAnother ? await createSigningKey(own.algorithm) : own;
  return key.sign(join(signed.data, await sha256(signed.clientData)));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
