/** Whatever a browser could be made to send: no other error than ours, and no signed bit that may differ. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../src/lib/secrets.ts';
import type { AssertionJson, RegistrationJson } from '../../support/authenticator.ts';
import { type Cbor, encodeCbor, join } from '../../support/authenticator/cbor.ts';
import {
  type Asserted,
  bytesOf,
  flip,
  outcomeOfAssertion,
  outcomeOfRegistration,
  register,
  type Registered,
  signIn,
  withAttestation,
  withAuthenticatorData,
  withParts,
} from './site.ts';

const OURS = /^passkey\.(malformed|[a-z]+_(mismatch|invalid|unsupported)|user_not_(present|verified))$/;

let unattested: Registered;
let selfAttested: Registered;
let asserted: Asserted;

beforeAll(async () => {
  [unattested, selfAttested, asserted] = await Promise.all([register(), register({ attestation: 'packed' }), signIn()]);
});

async function registered(response: object, { challenge }: Registered = unattested): Promise<string> {
  return outcomeOfRegistration({ ...response }, challenge);
}

async function signedIn(response: object): Promise<string> {
  return outcomeOfAssertion({ ...response }, asserted);
}

const bytes = (maxLength = 300) => fc.uint8Array({ maxLength }).map((given) => Uint8Array.from(given));

const names = fc.constantFrom('fmt', 'attStmt', 'authData', 'alg', 'sig', 'x5c');
const labels = fc.oneof(names, fc.integer({ min: -4, max: 4 }));

/** Any CBOR, deep and wide, with the names that WebAuthn uses among its keys. */
const cbor = fc.letrec<{ value: Cbor; list: Cbor[]; map: Map<number | string, Cbor> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }),
    fc.boolean(),
    fc.string({ unit: 'binary', maxLength: 20 }),
    bytes(100),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.array(fc.tuple(labels, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
})).value;

describe('whatever is sent', () => {
  it('any JSON is refused as malformed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (response) => {
        expect(await registered(response)).toBe('passkey.malformed');
        expect(await signedIn(response)).toBe('passkey.malformed');
      }),
    );
  });

  it('any JSON in the place of any member is refused, or was a member that nobody needs', async () => {
    const members = fc.constantFrom('id', 'rawId', 'type', 'response');
    const parts = fc.constantFrom('clientDataJSON', 'attestationObject', 'authenticatorData', 'signature');
    await fc.assert(
      fc.asyncProperty(members, parts, fc.jsonValue(), async (member, part, value) => {
        for (const [given, send] of [
          [unattested.response, registered],
          [asserted.response, signedIn],
        ] as const) {
          expect(await send({ ...given, [member]: value })).toBe('passkey.malformed');
          const isNeeded =
            part in given.response && !(part === 'authenticatorData' && 'attestationObject' in given.response);
          const outcome = await send({ ...given, response: { ...given.response, [part]: value } });
          expect(outcome).toMatch(isNeeded ? OURS : /^accepted$/);
        }
      }),
    );
  });

  it('random bytes for any part are refused with a code of ours', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(), async (random) => {
        for (const part of ['clientDataJSON', 'attestationObject'] as const) {
          expect(await registered(withParts(unattested.response, { [part]: random }))).toMatch(OURS);
        }
        for (const part of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
          expect(await signedIn(withParts(asserted.response, { [part]: random }))).toMatch(OURS);
        }
        expect(await registered(withAuthenticatorData(unattested.response, () => random))).toMatch(OURS);
      }),
      { numRuns: 300 },
    );
  });

  it('any CBOR for an attestation object, or for a part of it, is refused with a code of ours', async () => {
    await fc.assert(
      fc.asyncProperty(cbor, fc.constantFrom('fmt', 'attStmt', 'authData'), async (value, part) => {
        const { response } = selfAttested;
        expect(await registered(withParts(response, { attestationObject: encodeCbor(value) }))).toMatch(OURS);
        const changed = withAttestation(response, (parts) => parts.set(part, value));
        expect(await registered(changed, selfAttested)).toMatch(OURS);
      }),
      { numRuns: 500 },
    );
  });

  it('any CBOR for a part of a statement is refused with a code of ours, in every format', async () => {
    const formats = ['packed', 'tpm', 'fido-u2f', 'apple', 'android-key', 'android-safetynet', 'compound', 'none'];
    const names = ['alg', 'sig', 'x5c', 'ver', 'response', 'pubArea', 'certInfo'];
    const statement = fc.dictionary(fc.constantFrom(...names), cbor, { minKeys: 1 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...formats), statement, async (format, parts) => {
        const response = withAttestation(selfAttested.response, (attestation) =>
          attestation.set('fmt', format).set('attStmt', new Map(Object.entries(parts))),
        );
        // Malformed where a text is outside ASCII.
        const outcome = await registered(response, selfAttested);
        expect(outcome).toMatch(/^passkey\.(attestation_invalid|malformed)$/);
      }),
      { numRuns: 500 },
    );
  });

  it('any CBOR for a public key, or for extensions, is refused with a code of ours', async () => {
    await fc.assert(
      fc.asyncProperty(cbor, async (value) => {
        const { response } = unattested;
        const withKey = withAuthenticatorData(response, (data) => join(data.subarray(0, -77), encodeCbor(value)));
        expect(await registered(withKey)).toMatch(OURS);
        // Extensions that can be read are taken, for nobody asked for any and nobody looks at them.
        const extended = withAuthenticatorData(response, (data) => join(data.with(32, 0xdd), encodeCbor(value)));
        expect(await registered(extended)).toMatch(value instanceof Map ? /^(accepted|passkey\.malformed)$/ : OURS);
      }),
      { numRuns: 500 },
    );
  });

  it('any JSON for a member of the client data is refused, or was a member that nobody needs', async () => {
    const names = fc.constantFrom('type', 'challenge', 'origin', 'crossOrigin', 'topOrigin', 'tokenBinding');
    await fc.assert(
      fc.asyncProperty(names, fc.jsonValue(), async (name, value) => {
        const { response } = unattested;
        const members: Record<string, unknown> = JSON.parse(textOf(response));
        const right = JSON.stringify(members) === JSON.stringify({ ...members, [name]: value });
        const clientDataJSON = new TextEncoder().encode(JSON.stringify({ ...members, [name]: value }));
        const outcome = await registered(withParts(response, { clientDataJSON }));
        if (!right) expect(outcome).toMatch(OURS);
      }),
    );
  });
});

function textOf({ response }: RegistrationJson | AssertionJson): string {
  return new TextDecoder().decode(bytesOf(response.clientDataJSON));
}

/** Every bit of a part, flipped alone. */
async function eachFlip(part: string, send: (flipped: Uint8Array) => Promise<string>): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  const right = bytesOf(part);
  for (let bit = 0; bit < right.length * 8; bit += 1) {
    const outcome = await send(flip(right, bit));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

describe('one flipped bit', () => {
  it.each(['authenticatorData', 'signature', 'clientDataJSON'] as const)(
    'anywhere in %s of an assertion is refused',
    async (part) => {
      const { response } = asserted;
      const outcomes = await eachFlip(response.response[part], async (flipped) =>
        signedIn(withParts(response, { [part]: flipped })),
      );
      for (const outcome of outcomes.keys()) expect(outcome).toMatch(OURS);
      expect(outcomes.get('passkey.signature_invalid')).toBeGreaterThan(0);
    },
  );

  it.each(['EdDSA', 'RS256'] as const)('in the signature of an assertion by %s is refused', async (algorithm) => {
    const given = await signIn({}, algorithm);
    const outcomes = await eachFlip(given.response.response.signature, async (signature) =>
      outcomeOfAssertion(withParts(given.response, { signature }), given),
    );
    expect([...outcomes.keys()]).toEqual(['passkey.signature_invalid']);
  });

  it('anywhere in a self-attested attestation object is refused', async () => {
    const { response } = selfAttested;
    const outcomes = await eachFlip(response.response.attestationObject, async (attestationObject) =>
      registered(withParts(response, { attestationObject }), selfAttested),
    );
    for (const outcome of outcomes.keys()) expect(outcome).toMatch(OURS);
    expect(outcomes.get('passkey.attestation_invalid')).toBeGreaterThan(0);
  });

  it('in an attestation object that nobody signed is refused, or the authenticator is free to say so', async () => {
    const { response } = unattested;
    const outcomes = await eachFlip(response.response.attestationObject, async (attestationObject) =>
      registered(withParts(response, { attestationObject })),
    );
    for (const outcome of outcomes.keys()) if (outcome !== 'accepted') expect(outcome).toMatch(OURS);
    // Freely: AAGUID (128 bits), counter (32), two reserved flags and "is backed up"; never "can be", with that unset.
    expect(outcomes.get('accepted')).toBe(128 + 32 + 3);
  });
});

describe('a part that is longer or shorter', () => {
  it.each(['authenticatorData', 'signature', 'clientDataJSON'] as const)(
    'than %s of an assertion is refused',
    async (part) => {
      const { response } = asserted;
      const right = bytesOf(response.response[part]);
      await fc.assert(
        fc.asyncProperty(fc.nat(right.length - 1), bytes(40), async (kept, more) => {
          const cut = withParts(response, { [part]: right.subarray(0, kept) });
          expect(await signedIn(cut)).toMatch(OURS);
          fc.pre(more.length > 0);
          expect(await signedIn(withParts(response, { [part]: join(right, more) }))).toMatch(OURS);
          expect(await signedIn(withParts(response, { [part]: join(more, right) }))).toMatch(OURS);
        }),
      );
    },
  );

  it('than the attestation object or the authenticator data in it is refused', async () => {
    const { response } = unattested;
    const object = bytesOf(response.response.attestationObject);
    const data = bytesOf(response.response.authenticatorData);
    const inside = (changed: Uint8Array) => withAuthenticatorData(response, () => changed);
    const outside = (changed: Uint8Array) => withParts(response, { attestationObject: toBase64Url(changed) });
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 0.999, noNaN: true }), bytes(40), async (share, more) => {
        expect(await registered(outside(object.subarray(0, Math.floor(object.length * share))))).toMatch(OURS);
        expect(await registered(inside(data.subarray(0, Math.floor(data.length * share))))).toMatch(OURS);
        fc.pre(more.length > 0);
        for (const changed of [outside(join(object, more)), outside(join(more, object)), inside(join(data, more))]) {
          expect(await registered(changed)).toMatch(OURS);
        }
      }),
    );
  });
});
