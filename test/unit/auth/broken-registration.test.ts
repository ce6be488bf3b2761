import { describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../src/lib/secrets.ts';
import type { RegistrationJson } from '../../support/authenticator.ts';
import { type Cbor, encodeCbor, join } from '../../support/authenticator/cbor.ts';
import {
  attestationOf,
  bytesOf,
  outcomeOfRegistration,
  register,
  withAttestation,
  withAuthenticatorData,
  withParts,
} from './site.ts';

type Change = (given: RegistrationJson) => object;
type Bytes = Uint8Array<ArrayBuffer>;

const zeros = new Uint8Array(32);
const extra = Uint8Array.of(0);

/** Changes to the response around what browser and authenticator wrote. */
const envelope: Record<string, Change> = {
  'is empty': () => ({}),
  'lacks its response': ({ id, rawId, type }) => ({ id, rawId, type }),
  'is of another kind of credential': (given) => ({ ...given, type: 'password' }),
  'has two ids': (given) => ({ ...given, rawId: 'AAAA' }),
  'has another id than it attests': (given) => ({ ...given, id: 'AAAA', rawId: 'AAAA' }),
  'has its id padded': (given) => ({ ...given, id: `${given.id}=`, rawId: `${given.id}=` }),
  'has its id in base64': (given) => ({ ...given, id: '+/+/', rawId: '+/+/' }),
  'has an id of 1024 bytes': (given) => withId(given, new Uint8Array(1024)),
  'has an empty id': (given) => ({ ...given, id: '', rawId: '' }),
  'has a number for an id': (given) => ({ ...given, id: 1, rawId: 1 }),
  'has 33 transports': ({ response, ...given }) => ({ ...given, response: { ...response, transports: many(33) } }),
  'hides in a prototype': (given) => JSON.parse(`{"__proto__":${JSON.stringify(given)}}`) as object,
  'hides its parts in a prototype': ({ response, ...given }) =>
    JSON.parse(`${JSON.stringify(given).slice(0, -1)},"response":{"__proto__":${JSON.stringify(response)}}}`) as object,
};

const clientData: Record<string, (text: string) => string> = {
  'no JSON': () => '{',
  'nothing but null': () => 'null',
  'a list': (text) => `[${text}]`,
  'a byte order mark before it': (text) => `\uFEFF${text}`,
  'its members in a prototype': (text) => `{"__proto__":${text}}`,
  'more than 8 KiB': (text) => text.padEnd(8193),
};

/** Changes to the bytes of the attestation object. */
const encoding: Record<string, (bytes: Bytes) => Uint8Array> = {
  'bytes behind it': (bytes) => join(bytes, extra),
  'an end that is missing': (bytes) => bytes.subarray(0, -1),
  'more than 64 KiB': (bytes) => join(bytes, new Uint8Array(65_536)),
  'a number for a map': () => encodeCbor(7),
  'a list for a map': () => encodeCbor([7]),
  '65536 levels': () => new Uint8Array(65_536).fill(0x81),
  'a length in a longer form': (bytes) => join(Uint8Array.of(0xb8, 3), bytes.subarray(1)),
  'an indefinite length': (bytes) => join(Uint8Array.of(0xbf), bytes.subarray(1), Uint8Array.of(0xff)),
  'a part twice': (bytes) => join(Uint8Array.of(0xa4), bytes.subarray(1), encodeCbor('fmt'), encodeCbor('none')),
};

const members: Record<string, (parts: Map<string, Cbor>) => void> = {
  'no format': (parts) => parts.delete('fmt'),
  'a number for a format': (parts) => parts.set('fmt', 1),
  'no statement': (parts) => parts.delete('attStmt'),
  'a number for a statement': (parts) => parts.set('attStmt', 0),
  'no authenticator data': (parts) => parts.delete('authData'),
  'empty authenticator data': (parts) => parts.set('authData', new Uint8Array()),
};

const statements: Record<string, readonly [format: string, statement: ReadonlyMap<string, Cbor>]> = {
  'something stated and called none': ['none', new Map([['alg', -7]])],
  'nothing stated and called packed': ['packed', new Map()],
  'numbers for signature and certificates': ['packed', new Map(Object.entries({ alg: -7, sig: 1, x5c: 1 }))],
  'certificates that are none': [
    'packed',
    new Map<string, Cbor>(Object.entries({ alg: -7, sig: extra, x5c: [extra] })),
  ],
  'a format that nobody defined': ['nobody', new Map()],
  'a format that is a name of every object': ['constructor', new Map()],
  'a format whose check would use the network': ['android-key', new Map()],
};

/** Changes to the authenticator data; byte 32 has the flags, which are 0x5d. The public key is the last 77 bytes. */
const authenticatorData: Record<string, (data: Bytes) => Uint8Array> = {
  'attests no credential': (data) => data.subarray(0, 37).with(32, 0x1d),
  'has bytes behind its key': (data) => join(data, extra),
  'has its key cut short': (data) => data.subarray(0, -1),
  'has no key': (data) => data.subarray(0, -77),
  'announces extensions and has none': (data) => data.with(32, 0xdd),
  'has a number for extensions': (data) => join(data.with(32, 0xdd), encodeCbor(1)),
  'has an empty list for extensions': (data) => join(data.with(32, 0xdd), encodeCbor([])),
  'has extensions cut short': (data) => join(data.with(32, 0xdd), encodeCbor(new Map([['a', zeros]])).subarray(0, -1)),
  'has a credential id longer than the rest': (data) => data.with(53, 0xff),
  'has its point on another curve': (data) => data.with(data.length - 77 + 6, 2),
  'has its point in a key of another type': (data) => data.with(data.length - 77 + 2, 1),
  'has a number for a key': (data) => join(data.subarray(0, -77), encodeCbor(1)),
};

/** Public keys by their COSE labels: 1 is the type, 3 the algorithm. */
const keys: Record<'passkey.algorithm_unsupported' | 'passkey.malformed', Record<string, Record<number, Cbor>>> = {
  'passkey.algorithm_unsupported': {
    ES384: { 1: 2, 3: -35, [-1]: 2 },
    Ed448: { 1: 1, 3: -53, [-1]: 7 },
    'ML-DSA-44': { 1: 7, 3: -48, [-1]: zeros },
    PS256: { ...rsaKey(256), 3: -37 },
  },
  'passkey.malformed': {
    'no algorithm': { 1: 2 },
    'an algorithm in words': { 1: 2, 3: 'ES256' },
    'ES256 and a point off the curve': { 1: 2, 3: -7, [-1]: 1, [-2]: zeros, [-3]: zeros },
    'ES256 and a compressed point': { 1: 2, 3: -7, [-1]: 1, [-2]: zeros, [-3]: true },
    'EdDSA in 31 bytes': { ...ed25519Key(), [-2]: zeros.subarray(1) },
    'EdDSA on another curve': { ...ed25519Key(), [-1]: 4 },
    'EdDSA in a key of another type': { ...ed25519Key(), 1: 2 },
    'RS256 of 1024 bits': rsaKey(128),
    'RS256 of 8192 bits': rsaKey(1024),
    'RS256 in a key of another type': { ...rsaKey(256), 1: 2 },
  },
};

function ed25519Key(): Record<number, Cbor> {
  return { 1: 1, 3: -8, [-1]: 6, [-2]: new Uint8Array(32).fill(9) };
}

function rsaKey(bytes: number): Record<number, Cbor> {
  return { 1: 3, 3: -257, [-1]: new Uint8Array(bytes).fill(0xff), [-2]: Uint8Array.of(1, 0, 1) };
}

function many(count: number): string[] {
  return Array.from({ length: count }, () => 'usb');
}

function withId(given: RegistrationJson, id: Uint8Array): object {
  return { ...given, id: toBase64Url(id), rawId: toBase64Url(id) };
}

function withClientData(given: RegistrationJson, change: (text: string) => string): RegistrationJson {
  const text = new TextDecoder().decode(bytesOf(given.response.clientDataJSON));
  return withParts(given, { clientDataJSON: new TextEncoder().encode(change(text)) });
}

function withKey(given: RegistrationJson, labels: Record<number, Cbor>): RegistrationJson {
  const key = encodeCbor(new Map(Object.entries(labels).map(([label, part]) => [Number(label), part])));
  return withAuthenticatorData(given, (data) => join(data.subarray(0, -77), key));
}

function statementIn(parts: Map<string, Cbor>): Map<string, Cbor> {
  const statement = parts.get('attStmt');
  if (!(statement instanceof Map)) throw new Error('There is no statement.');
  return statement;
}

function signatureIn(statement: Map<string, Cbor>): Uint8Array {
  const signature = statement.get('sig');
  if (!(signature instanceof Uint8Array)) throw new Error('There is no signature.');
  return signature;
}

async function outcome(change: Change): Promise<string> {
  const { response, challenge } = await register();
  return outcomeOfRegistration({ ...change(response) }, challenge);
}

describe('a response to registration', () => {
  it.each(Object.entries(envelope))('that %s is malformed', async (_what, change) => {
    expect(await outcome(change)).toBe('passkey.malformed');
  });

  it.each(Object.entries(clientData))('whose client data has %s is malformed', async (_what, change) => {
    expect(await outcome((given) => withClientData(given, change))).toBe('passkey.malformed');
  });

  it('whose client data is no UTF-8 inside a member that nobody reads is malformed', async () => {
    const change: Change = (given) => {
      const changed = withClientData(given, (text) => text.replace('{', '{"more":"?",'));
      const bytes = bytesOf(changed.response.clientDataJSON);
      return withParts(changed, { clientDataJSON: bytes.map((byte) => (byte === 0x3f ? 0xff : byte)) });
    };
    expect(await outcome(change)).toBe('passkey.malformed');
  });

  it.each(Object.entries(encoding))('whose attestation object has %s is malformed', async (_what, change) => {
    const changed: Change = (given) =>
      withParts(given, { attestationObject: change(bytesOf(given.response.attestationObject)) });
    expect(await outcome(changed)).toBe('passkey.malformed');
  });

  it.each(Object.entries(members))('whose attestation object has %s is malformed', async (_what, change) => {
    expect(await outcome((given) => withAttestation(given, change))).toBe('passkey.malformed');
  });

  it.each(Object.entries(statements))('with %s is refused for its attestation', async (_what, [format, statement]) => {
    const change: Change = (given) =>
      withAttestation(given, (parts) => void parts.set('fmt', format).set('attStmt', statement));
    expect(await outcome(change)).toBe('passkey.attestation_invalid');
  });

  it.each<[string, (statement: Map<string, Cbor>) => void]>([
    ['names another algorithm with the same hash', (statement) => statement.set('alg', -37)],
    ['has bytes behind its signature', (statement) => statement.set('sig', join(signatureIn(statement), extra))],
    ['has no signature', (statement) => statement.delete('sig')],
  ])('whose self attestation %s is refused for it', async (_what, change) => {
    const { response, challenge } = await register({ attestation: 'packed' });
    const changed = withAttestation(response, (parts) => change(statementIn(parts)));
    expect(await outcomeOfRegistration(changed, challenge)).toBe('passkey.attestation_invalid');
  });

  it.each(Object.entries(authenticatorData))('whose authenticator data %s is malformed', async (_what, change) => {
    expect(await outcome((given) => withAuthenticatorData(given, change))).toBe('passkey.malformed');
  });

  const keyTable = Object.entries(keys).flatMap(([code, rows]) =>
    Object.entries(rows).map(([what, key]) => [what, code, key] as const),
  );
  it.each(keyTable)('with a key of %s is refused as %s', async (_what, code, key) => {
    expect(await outcome((given) => withKey(given, key))).toBe(code);
  });
});

describe('the changes of these tests', () => {
  const harmless: Record<string, Change> = {
    'rebuilds what it was': (given) => withAttestation(given, () => {}),
    'pads the client data to 8 KiB': (given) => withClientData(given, (text) => text.padEnd(8192)),
    'puts an Ed25519 key in': (given) => withKey(given, ed25519Key()),
    'puts an RSA key in': (given) => withKey(given, rsaKey(256)),
    'adds an extension': (given) =>
      withAuthenticatorData(given, (data) => join(data.with(32, 0xdd), encodeCbor(new Map([['credProtect', 3]])))),
    'names 32 transports': ({ response, ...given }) => ({ ...given, response: { ...response, transports: many(32) } }),
  };

  it.each(Object.entries(harmless))('are what is refused: one that %s is accepted', async (_what, change) => {
    expect(await outcome(change)).toBe('accepted');
  });

  it('leave the rest of the attestation object as it was', async () => {
    const { response } = await register();
    const rebuilt = withAttestation(response, () => {}).response.attestationObject;
    expect(attestationOf(rebuilt)).toEqual(attestationOf(response.response.attestationObject));
  });
});
