import { describe, expect, it } from 'vitest';
import {
  assertedCredential,
  assertionOptions,
  challengeOf,
  verifyAssertion,
  verifyRegistration,
} from '../../../src/domain/auth/passkeys/ceremony.ts';
import { toBase64Url } from '../../../src/lib/secrets.ts';
import { type AssertionJson, createAuthenticator, type Overrides } from '../../support/authenticator.ts';
import { encodeCbor, join } from '../../support/authenticator/cbor.ts';
import {
  bytesOf,
  creationOptions,
  handle,
  newChallenge,
  origin,
  outcomeOf,
  outcomeOfAssertion,
  relatedOrigin,
  rp,
  signIn,
  withParts,
} from './site.ts';

describe('an assertion that is right', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)('is accepted with %s', async (algorithm) => {
    const asserted = await signIn({}, algorithm);
    expect(await outcomeOfAssertion(asserted.response, asserted)).toBe('accepted');
  });

  it('is accepted on a related origin', async () => {
    const asserted = await signIn({ origin: relatedOrigin });
    expect(await outcomeOfAssertion(asserted.response, asserted)).toBe('accepted');
  });

  it('says before any look-up which passkey it is of and whose', async () => {
    const { response, passkey } = await signIn();
    expect(assertedCredential(response)).toEqual({ credentialId: passkey.credentialId, userHandle: handle });
  });

  it.each([null, ''])('may leave the user out, and write %j for it', async (userHandle) => {
    const asserted = await signIn({ userHandle: null });
    const bare = { ...asserted.response, response: { ...asserted.response.response, userHandle } };
    for (const response of [asserted.response, bare]) {
      expect(assertedCredential(response).userHandle).toBeNull();
      expect(await outcomeOfAssertion(response, asserted)).toBe('accepted');
    }
  });

  it('gives its counter and does not judge it: the database does, where of two at once one loses', async () => {
    const authenticator = await createAuthenticator({ origin, counter: 41 });
    const registration = await authenticator.register(await creationOptions());
    const { publicKey, counter } = await verifyRegistration(rp, registration, challengeOf(registration));
    const options = await assertionOptions(rp, { challenge: newChallenge() });
    const { challenge } = options;
    const verify = async (response: AssertionJson) => verifyAssertion(rp, response, { publicKey, challenge });
    expect(counter).toBe(41);
    expect(await verify(await authenticator.assert(options))).toEqual({ counter: 42, backedUp: false });
    expect(await verify(await authenticator.assert(options, { counter: 0 }))).toEqual({ counter: 0, backedUp: false });
    const last = { counter: 4_294_967_295, backupEligible: true };
    expect(await verify(await authenticator.assert(options, last))).toEqual({ counter: 4_294_967_295, backedUp: true });
  });
});

const wrong: readonly (readonly [string, string, Overrides])[] = [
  ['of another ceremony', 'passkey.type_mismatch', { type: 'webauthn.create' }],
  ['to another challenge', 'passkey.challenge_invalid', { challenge: 'AAAA' }],
  ['to no challenge', 'passkey.challenge_invalid', { challenge: '' }],
  ['on another site', 'passkey.origin_mismatch', { origin: 'https://evil.example' }],
  ['on a site whose name begins the same', 'passkey.origin_mismatch', { origin: `${origin}.evil.example` }],
  ['on a subdomain', 'passkey.origin_mismatch', { origin: 'https://evil.example.org' }],
  ['without TLS', 'passkey.origin_mismatch', { origin: 'http://example.org' }],
  ['with a path behind the origin', 'passkey.origin_mismatch', { origin: `${origin}/` }],
  ['in a frame of another site', 'passkey.origin_mismatch', { crossOrigin: true }],
  ['under another page', 'passkey.origin_mismatch', { topOrigin: 'https://evil.example' }],
  ['of a passkey of another site', 'passkey.rp_mismatch', { rpId: 'evil.example' }],
  ['without anybody there', 'passkey.user_not_present', { userPresent: false }],
  ['without anybody verified', 'passkey.user_not_verified', { userVerified: false }],
  ['backed up though it cannot be', 'passkey.malformed', { backupEligible: false, backedUp: true }],
  ['by another key', 'passkey.signature_invalid', { signedByAnother: true }],
  ['with a number for its type', 'passkey.malformed', { clientData: { type: 1 } }],
  ['with nothing for its challenge', 'passkey.malformed', { clientData: { challenge: null } }],
  ['with an unknown token binding', 'passkey.malformed', { clientData: { tokenBinding: { status: 'no' } } }],
];

describe('an assertion', () => {
  it.each(wrong)('%s is refused as %s', async (_what, code, overrides) => {
    const asserted = await signIn(overrides);
    expect(await outcomeOfAssertion(asserted.response, asserted)).toBe(code);
  });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('of %s signed by another key is refused', async (algorithm) => {
    const asserted = await signIn({ signedByAnother: true }, algorithm);
    expect(await outcomeOfAssertion(asserted.response, asserted)).toBe('passkey.signature_invalid');
  });

  it("is refused with the public key of somebody else's passkey, of its own or another algorithm", async () => {
    const asserted = await signIn();
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      const { passkey } = await signIn({}, algorithm);
      const outcome = await outcomeOfAssertion(asserted.response, { ...asserted, passkey });
      expect(outcome, algorithm).toBe('passkey.signature_invalid');
    }
  });

  it('is refused, and no more, with a public key that cannot be read', async () => {
    const asserted = await signIn();
    for (const publicKey of [new Uint8Array(), Uint8Array.of(0xa0), encodeCbor([1]), new Uint8Array(77).fill(0xff)]) {
      const verified = verifyAssertion(rp, asserted.response, { publicKey, challenge: asserted.challenge });
      expect(await outcomeOf(verified)).toBe('passkey.signature_invalid');
    }
  });

  it('names its refusals in the order of the specification: challenge, origin, site, presence, signature', async () => {
    const everything = {
      challenge: 'AAAA',
      origin: 'https://evil.example',
      rpId: 'evil.example',
      userPresent: false,
      userVerified: false,
      signedByAnother: true,
    };
    const order = ['challenge_invalid', 'origin_mismatch', 'rp_mismatch', 'user_not_present', 'user_not_verified'];
    const left: Partial<typeof everything> = { ...everything };
    for (const [index, name] of (['challenge', 'origin', 'rpId', 'userPresent', 'userVerified'] as const).entries()) {
      const asserted = await signIn(left);
      expect(await outcomeOfAssertion(asserted.response, asserted)).toBe(`passkey.${order[index]}`);
      delete left[name];
    }
  });
});

const extra = Uint8Array.of(0);

/** Other spellings of a DER signature (two integers in a sequence), which forgiving parsers read as the same one. */
const spellings: Record<string, (signature: Uint8Array) => Uint8Array> = {
  'a byte behind it': (signature) => join(signature, extra),
  'a length in a longer form': (signature) => join(Uint8Array.of(0x30, 0x81), signature.subarray(1)),
  'an indefinite length': (signature) => join(Uint8Array.of(0x30, 0x80), signature.subarray(2), extra, extra),
  'a third member': (signature) =>
    join(Uint8Array.of(0x30, (signature[1] ?? 0) + 2), signature.subarray(2), Uint8Array.of(5, 0)),
  'its last byte missing': (signature) => signature.subarray(0, -1),
};

describe('the signature of an assertion', () => {
  it.each(Object.entries(spellings))('is refused with %s', async (_what, respell) => {
    const asserted = await signIn();
    const signature = respell(bytesOf(asserted.response.response.signature));
    const outcome = await outcomeOfAssertion(withParts(asserted.response, { signature }), asserted);
    expect(outcome).toBe('passkey.signature_invalid');
  });
});

const broken: Record<string, (given: AssertionJson) => object> = {
  'is empty': () => ({}),
  'lacks its response': ({ id, rawId, type }) => ({ id, rawId, type }),
  'lacks its signature': ({ response, ...given }) => ({ ...given, response: { ...response, signature: undefined } }),
  'is of another kind of credential': (given) => ({ ...given, type: 'password' }),
  'has two ids': (given) => ({ ...given, rawId: 'AAAA' }),
  'has an id of 1024 bytes': (given) => withId(given, new Uint8Array(1024)),
  'has a user of 65 bytes': (given) => withParts(given, { userHandle: new Uint8Array(65) }),
  'has a user in base64': (given) => withParts(given, { userHandle: '+/+/' }),
  'has a number for a user': (given) => ({ ...given, response: { ...given.response, userHandle: 1 } }),
  'has a signature of 1025 bytes': (given) => withParts(given, { signature: new Uint8Array(1025) }),
  'has authenticator data over 64 KiB': (given) => withParts(given, { authenticatorData: new Uint8Array(65_537) }),
  'has an empty signature': (given) => withParts(given, { signature: '' }),
  'has a padded signature': (given) => withParts(given, { signature: 'AA==' }),
  'has stray bits in its signature': (given) => withParts(given, { signature: 'AB' }),
  'has authenticator data of 36 bytes': (given) => withParts(given, { authenticatorData: new Uint8Array(36) }),
  'has bytes behind its authenticator data': (given) =>
    withParts(given, { authenticatorData: join(bytesOf(given.response.authenticatorData), extra) }),
  'hides in a prototype': (given) => JSON.parse(`{"__proto__":${JSON.stringify(given)}}`) as object,
};

function withId(given: AssertionJson, id: Uint8Array): object {
  return { ...given, id: toBase64Url(id), rawId: toBase64Url(id) };
}

describe('a response with an assertion', () => {
  it.each(Object.entries(broken))('that %s is malformed', async (_what, change) => {
    const asserted = await signIn();
    const response = { ...change(asserted.response) };
    expect(await outcomeOfAssertion(response, asserted)).toBe('passkey.malformed');
  });

  it('is no response to registration, nor the other way round', async () => {
    const asserted = await signIn();
    const asRegistration = verifyRegistration(rp, asserted.response, asserted.challenge);
    expect(await outcomeOf(asRegistration)).toBe('passkey.malformed');
    const authenticator = await createAuthenticator({ origin });
    const registration = await authenticator.register(await creationOptions());
    expect(await outcomeOfAssertion(registration, asserted)).toBe('passkey.malformed');
  });

  it('changes nothing for other objects, whatever members it brings', async () => {
    const clientData: Record<string, unknown> = JSON.parse('{"__proto__":{"polluted":1},"constructor":1}');
    const asserted = await signIn({ clientData });
    expect(await outcomeOfAssertion(asserted.response, asserted)).toBe('accepted');
    expect('polluted' in {}).toBe(false);
  });
});
