/**
 * The test vectors of W3C Web Authentication Level 3, all 15 pairs, against our policy. The library is asked as well,
 * without our policy, so that a refusal is shown to be of the policy and not of the encoding.
 */
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import { afterEach, describe, expect, it } from 'vitest';
import { relyingParty, verifyAssertion, verifyRegistration } from '../../../src/domain/auth/passkeys/ceremony.ts';
import { fromHex, toBase64Url } from '../../../src/lib/secrets.ts';
import { attestationOf, outcomeOf } from './site.ts';
import { attestationRoot, origin, rpId, topOrigin, vectors } from './webauthn-vectors.json';

type Vector = (typeof vectors)[number];

const rp = relyingParty({ rpId, webauthnOrigins: [origin], productName: 'Example' });
const fromSpecification = (hex: string) => toBase64Url(fromHex(hex));

/** What happens to one half of a pair: by our policy, by the library alone, and why. */
interface Expected {
  readonly ours: string;
  readonly library: 'accepted' | 'refused';
  readonly reason: string;
}

const accepted = (reason: string): Expected => ({ ours: 'accepted', library: 'accepted', reason });
const unverified: Expected = { ours: 'passkey.user_not_verified', library: 'accepted', reason: 'UV is not set' };
const framed: Expected = { ours: 'passkey.origin_mismatch', library: 'accepted', reason: 'made in a frame' };
const unattested = accepted('UV is set; no trust anchor is set, so its certificate is traced to nothing');
const signed = accepted('UV is set and the signature is right');

const expectations: Record<string, { readonly registration: Expected; readonly authentication: Expected }> = {
  'none-es256': { registration: unverified, authentication: unverified },
  'packed-self-es256': {
    registration: accepted('UV is set and the attestation is signed by its own key'),
    authentication: unverified,
  },
  'none-es256-crossOrigin': { registration: framed, authentication: framed },
  'none-es256-topOrigin': { registration: framed, authentication: framed },
  'none-es256-long-credential-id': { registration: unverified, authentication: signed },
  'packed-es256': { registration: unattested, authentication: signed },
  'packed-es384': {
    registration: unverified,
    authentication: accepted('the algorithm is judged where a key is taken; such a key never comes into the database'),
  },
  'packed-es512': {
    registration: { ours: 'passkey.algorithm_unsupported', library: 'accepted', reason: 'ES512 was not asked for' },
    authentication: unverified,
  },
  'packed-rs256': { registration: unattested, authentication: unverified },
  'packed-eddsa': { registration: unverified, authentication: unverified },
  'packed-ed448': {
    registration: unverified,
    authentication: { ours: 'passkey.signature_invalid', library: 'refused', reason: 'nobody here knows Ed448' },
  },
  'tpm-es256': {
    registration: { ours: 'passkey.attestation_invalid', library: 'refused', reason: 'its TPM maker is a made-up one' },
    authentication: signed,
  },
  'android-key-es256': {
    registration: {
      ours: 'passkey.attestation_invalid',
      library: 'refused',
      reason: 'this format is not verified here',
    },
    authentication: unverified,
  },
  'apple-es256': {
    registration: { ...unverified, library: 'refused', reason: 'UV is not set, and its root is not that of Apple' },
    authentication: unverified,
  },
  'fido-u2f-es256': {
    registration: { ...unverified, library: 'refused', reason: 'UV is not set, and a U2F key has an AAGUID of zeros' },
    authentication: unverified,
  },
};

const rows = vectors.map((vector) => {
  const expected = expectations[vector.name];
  if (!expected) throw new Error(`There is no expectation for ${vector.name}.`);
  return { ...vector, vector, expected };
});

function registrationOf({ registration: { credentialId, clientDataJSON, attestationObject } }: Vector) {
  const response = {
    clientDataJSON: fromSpecification(clientDataJSON),
    attestationObject: fromSpecification(attestationObject),
  };
  return { ...credentialOf(credentialId), response };
}

function assertionOf({ registration: { credentialId }, authentication }: Vector) {
  const { clientDataJSON, authenticatorData, signature } = authentication;
  const response = {
    clientDataJSON: fromSpecification(clientDataJSON),
    authenticatorData: fromSpecification(authenticatorData),
    signature: fromSpecification(signature),
  };
  return { ...credentialOf(credentialId), response };
}

function credentialOf(hex: string) {
  const id = fromSpecification(hex);
  return { id, rawId: id, type: 'public-key' as const, clientExtensionResults: {} };
}

/** The public key that the registration of the pair holds. */
function publicKeyOf(vector: Vector): Uint8Array<ArrayBuffer> {
  const data = attestationOf(registrationOf(vector).response.attestationObject).get('authData');
  const key = data instanceof Uint8Array ? parseAuthenticatorData(data.slice()).credentialPublicKey : undefined;
  if (!key) throw new Error('The vector holds no public key.');
  return key.slice();
}

/** Every algorithm of the vectors (RFC 9053, RFC 8812, RFC 9864). */
const supportedAlgorithmIDs = [-7, -35, -36, -257, -8, -53];
const lenient = { expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: false };

/** Asks the library without our policy. */
async function registrationByLibrary(vector: Vector): Promise<string> {
  const expectedChallenge = fromSpecification(vector.registration.challenge);
  const response = registrationOf(vector);
  return byTheLibrary(verifyRegistrationResponse({ response, ...lenient, supportedAlgorithmIDs, expectedChallenge }));
}

async function byTheLibrary(verified: Promise<{ verified: boolean }>): Promise<string> {
  return verified.then(
    (result) => (result.verified ? 'accepted' : 'refused'),
    () => 'refused',
  );
}

describe('the test vectors of WebAuthn Level 3', () => {
  it.each(rows)('registration $name: $expected.registration.ours ($expected.registration.reason)', async (row) => {
    const challenge = fromSpecification(row.registration.challenge);
    const response = registrationOf(row.vector);
    expect(await outcomeOf(verifyRegistration(rp, response, challenge))).toBe(row.expected.registration.ours);
    expect(await registrationByLibrary(row.vector)).toBe(row.expected.registration.library);
  });

  it.each(rows)(
    'authentication $name: $expected.authentication.ours ($expected.authentication.reason)',
    async (row) => {
      const challenge = fromSpecification(row.authentication.challenge);
      const [response, publicKey] = [assertionOf(row.vector), publicKeyOf(row.vector)];
      const outcome = await outcomeOf(verifyAssertion(rp, response, { publicKey, challenge }));
      expect(outcome).toBe(row.expected.authentication.ours);
      const credential = { id: response.id, publicKey, counter: 0 };
      const expectedTopOrigin = topOrigin;
      const expected = { ...lenient, expectedChallenge: challenge, expectedTopOrigin, credential };
      const alone = verifyAuthenticationResponse({ response, ...expected });
      expect(await byTheLibrary(alone)).toBe(row.expected.authentication.library);
    },
  );

  it('gives of an accepted registration exactly what the vector names', async () => {
    for (const vector of vectors.filter(({ name }) => expectations[name]?.registration.ours === 'accepted')) {
      const challenge = fromSpecification(vector.registration.challenge);
      expect(await verifyRegistration(rp, registrationOf(vector), challenge), vector.name).toMatchObject({
        credentialId: fromHex(vector.registration.credentialId),
        aaguid: fromHex(vector.registration.aaguid),
        publicKey: publicKeyOf(vector),
        counter: 0,
        name: null,
      });
    }
  });

  it('has both outcomes in both ceremonies, and every expectation has its vector', () => {
    expect(rows.length).toBe(15);
    expect(Object.keys(expectations)).toEqual(vectors.map(({ name }) => name));
    for (const ceremony of ['registration', 'authentication'] as const) {
      const outcomes = rows.map(({ expected }) => expected[ceremony].ours);
      expect(outcomes.filter((outcome) => outcome === 'accepted').length).toBeGreaterThan(2);
      expect(outcomes).toContain('passkey.user_not_verified');
    }
  });
});

describe('the packed attestations among the test vectors', () => {
  const withCertificate = vectors.filter(({ name }) => /^packed-(?!self)/.test(name));
  const trust = (hex: string[]) =>
    SettingsService.setRootCertificates({ identifier: 'packed', certificates: hex.map(fromHex) });
  afterEach(() => trust([]));

  it('could be traced to the root of the specification, if we set one', async () => {
    trust([attestationRoot]);
    for (const vector of withCertificate) expect(await registrationByLibrary(vector), vector.name).toBe('accepted');
    expect(withCertificate.length).toBe(6);
  });

  it('would be refused with the root of somebody else', async () => {
    trust([attestationRoot.replace('043269300e', '043269300f')]);
    for (const vector of withCertificate) expect(await registrationByLibrary(vector), vector.name).toBe('refused');
  });
});
