import { describe, expect, it } from 'vitest';
import { challengeOf, verifyRegistration } from '../../../src/domain/auth/passkeys/ceremony.ts';
import { createAuthenticator, type Overrides } from '../../support/authenticator.ts';
import { bytesOf, creationOptions, origin, outcomeOfRegistration, register, relatedOrigin, rp } from './site.ts';

describe('a registration that is right', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'is accepted with %s, unattested and self-attested',
    async (algorithm) => {
      for (const attestation of ['none', 'packed'] as const) {
        const { response, challenge } = await register({ attestation }, algorithm);
        expect(await outcomeOfRegistration(response, challenge), attestation).toBe('accepted');
      }
    },
  );

  it('gives what is stored of a synced passkey', async () => {
    const authenticator = await createAuthenticator({ origin, aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd' });
    const response = await authenticator.register(await creationOptions());
    const [kept] = authenticator.passkeys;
    expect(await verifyRegistration(rp, response, challengeOf(response))).toEqual({
      credentialId: bytesOf(response.id),
      publicKey: kept?.key.publicKey,
      counter: 0,
      aaguid: bytesOf('-_wwBxVOTsyMC24CBVfXvQ'),
      transports: ['hybrid', 'internal'],
      backedUp: true,
      deviceType: 'multiDevice',
      name: 'Apple Passwords',
    });
  });

  it('gives what is stored of a passkey that stays on one device', async () => {
    const authenticator = await createAuthenticator({ origin, counter: 4_294_967_295 });
    const response = await authenticator.register(await creationOptions(), { transports: ['usb'] });
    expect(await verifyRegistration(rp, response, challengeOf(response))).toMatchObject({
      counter: 4_294_967_295,
      transports: ['usb'],
      backedUp: false,
      deviceType: 'singleDevice',
      name: null,
    });
  });

  it('tells a passkey that can be backed up from one that is', async () => {
    const { response, challenge } = await register({ backupEligible: true, backedUp: false });
    const made = await verifyRegistration(rp, response, challenge);
    expect(made).toMatchObject({ backedUp: false, deviceType: 'multiDevice' });
  });

  it('is accepted on a related origin', async () => {
    const { response, challenge } = await register({ origin: relatedOrigin });
    expect(await outcomeOfRegistration(response, challenge)).toBe('accepted');
  });

  it('keeps the transports that exist, each once, and does without any', async () => {
    const odd = await register({ transports: ['usb', 'carrier-pigeon', 'nfc', 'usb', '__proto__'] });
    expect((await verifyRegistration(rp, odd.response, odd.challenge)).transports).toEqual(['nfc', 'usb']);
    const { response, challenge } = await register();
    const { clientDataJSON, attestationObject } = response.response;
    const bare = { ...response, response: { clientDataJSON, attestationObject } };
    expect((await verifyRegistration(rp, bare, challenge)).transports).toEqual([]);
  });

  it('may carry members that no one knows yet, in the client data too', async () => {
    const { response, challenge } = await register({ clientData: { constructor: 1, __proto__: null, later: [{}] } });
    expect(await outcomeOfRegistration({ ...response, later: true }, challenge)).toBe('accepted');
  });
});

const wrong: readonly (readonly [string, string, Overrides])[] = [
  ['of another ceremony', 'passkey.type_mismatch', { type: 'webauthn.get' }],
  ['of no ceremony', 'passkey.type_mismatch', { type: '' }],
  ['to another challenge', 'passkey.challenge_invalid', { challenge: 'AAAA' }],
  ['on another site', 'passkey.origin_mismatch', { origin: 'https://evil.example' }],
  ['on a site whose name begins the same', 'passkey.origin_mismatch', { origin: `${origin}.evil.example` }],
  ['on a subdomain', 'passkey.origin_mismatch', { origin: 'https://evil.example.org' }],
  ['on another port', 'passkey.origin_mismatch', { origin: `${origin}:8443` }],
  ['without TLS', 'passkey.origin_mismatch', { origin: 'http://example.org' }],
  ['with a path behind the origin', 'passkey.origin_mismatch', { origin: `${origin}/` }],
  ['on an origin in other letters', 'passkey.origin_mismatch', { origin: 'https://EXAMPLE.org' }],
  ['on no origin', 'passkey.origin_mismatch', { origin: 'null' }],
  ['in a frame of another site', 'passkey.origin_mismatch', { crossOrigin: true }],
  ['under another page', 'passkey.origin_mismatch', { topOrigin: 'https://evil.example' }],
  ['under a page of our own', 'passkey.origin_mismatch', { topOrigin: origin }],
  ['of a passkey of another site', 'passkey.rp_mismatch', { rpId: 'evil.example' }],
  ['of a passkey of a parent domain', 'passkey.rp_mismatch', { rpId: 'org' }],
  ['without anybody there', 'passkey.user_not_present', { userPresent: false }],
  ['without anybody verified', 'passkey.user_not_verified', { userVerified: false }],
  ['backed up though it cannot be', 'passkey.malformed', { backupEligible: false, backedUp: true }],
  ['attested by another key', 'passkey.attestation_invalid', { attestation: 'packed', signedByAnother: true }],
  ['with a frame that is no truth value', 'passkey.malformed', { clientData: { crossOrigin: 'false' } }],
  ['with an origin that is a list', 'passkey.malformed', { clientData: { origin: [origin] } }],
  ['with an unknown token binding', 'passkey.malformed', { clientData: { tokenBinding: { status: 'no' } } }],
];

describe('a registration', () => {
  it.each(wrong)('%s is refused as %s', async (_what, code, overrides) => {
    const { response, challenge } = await register(overrides);
    expect(await outcomeOfRegistration(response, challenge)).toBe(code);
  });
});
