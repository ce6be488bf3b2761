import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../src/connectors/demo.ts';
import { connectors } from '../../../src/connectors/index.ts';
import { encode, generateSigningKeys } from './support/jwt.ts';
import { CLIENT_ID, type Faults, type Provider, startProvider } from './support/provider.ts';

const now = () => Math.floor(Date.now() / 1000);
const openId = connectors.filter(({ identity }) => identity.kind === 'id_token');

describe.each(openId)('an ID token of $name', (connector) => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(connector)));
  afterAll(() => provider.close());
  const refused = (faults: Faults, code = 'provider.answer_invalid') =>
    expect(provider.signIn(faults)).rejects.toMatchObject({ code });

  it.each([
    ['the nonce of another request', { nonce: 'nonce-of-another-request' }],
    ['no nonce', { nonce: undefined }],
    ['the audience of another client', { aud: 'another-client' }],
    ['no audience', { aud: undefined }],
    ['a second audience and no authorised party', { aud: [CLIENT_ID, 'another-client'] }],
    ['another authorised party', { azp: 'another-client' }],
    ['an expiry that has passed', { iat: now() - 900, exp: now() - 300 }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is a text', { exp: String(now() + 600) }],
    ['a beginning in the future', { nbf: now() + 600 }],
    ['no time of issue', { iat: undefined }],
    ['no subject', { sub: undefined }],
    // GHSA-5hvv-9cqv-894r: an empty subject was everybody's.
    ['an empty subject', { sub: '' }],
    ['a number for a subject', { sub: 0 }],
    ['an object for a subject', { sub: { id: 1 } }],
    ['null for a subject', { sub: null }],
    ['a subject too long to be one', { sub: 's'.repeat(256) }],
    ['a subject that no database stores', { sub: 'a\0b' }],
  ])('is refused with %s', (_, claims) => refused({ claims }));

  it.each(['https://evil.example', 'https://accounts.google.com.evil.example', ''])(
    'is refused of the issuer "%s" (CVE-2026-31813)',
    (iss) => refused({ claims: { iss } }, 'provider.issuer_mismatch'),
  );

  // CVE-2026-22817, CVE-2026-22818: the token chose how it was checked.
  it.each(['none', 'HS256', 'RS512', 'PS384', 'ML-DSA-44', ''])('is refused when signed with "%s"', (alg) =>
    refused({ header: { alg } }),
  );

  it('is refused unsigned, with another signature, and changed after it was signed', async () => {
    await refused({ idToken: (token) => token.slice(0, token.lastIndexOf('.')) });
    await refused({ idToken: (token) => token.slice(0, token.lastIndexOf('.') + 1) });
    await refused({ idToken: (token) => `${token.slice(0, -8)}AAAAAAAA` });
    await refused({ idToken: (token) => `${token}!` });
    const changed = (token: string) => {
      const [header, payload = '', signature] = token.split('.');
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
      return [header, encode({ ...(claims as object), sub: 'somebody-else' }), signature].join('.');
    };
    await refused({ idToken: changed });
  });

  it('is refused when a key of somebody else signed it, whatever it calls the key', async () => {
    const others = await generateSigningKeys();
    const [alg = ''] = connector.identity.kind === 'id_token' ? connector.identity.algorithms : [];
    const claimsOf = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    for (const kid of [`key-${alg}`, 'unknown', undefined]) {
      let forged = '';
      await provider.signIn({ idToken: (token) => (forged = token) }).catch(() => undefined);
      forged = await others.sign({ alg, kid }, { ...claimsOf(forged) });
      await refused({ idToken: () => forged });
    }
  });

  it.each([
    ['none', undefined],
    ['null', null],
    ['a number', 1],
    ['an empty text', ''],
    ['no JWT', 'abc'],
    ['a JWT of nothing', '..'],
    ['an encrypted one', 'a.b.c.d.e'],
    ['one of arrays', `${encode([])}.${encode([])}.`],
  ])('is refused when it is %s', async (_, idToken) => {
    const answer = provider.signIn({ token: { id_token: idToken } });
    await expect(answer).rejects.toMatchObject({
      code: expect.stringMatching(/^provider\.(answer_invalid|issuer_mismatch)$/),
    });
  });

  it('is taken with one authorised party that is us', async () => {
    const claims = { aud: [CLIENT_ID, 'another-client'], azp: CLIENT_ID };
    expect((await provider.signIn({ claims })).issuer).toBe(provider.issuer);
    expect((await provider.signIn({ claims: { aud: [CLIENT_ID] } })).issuer).toBe(provider.issuer);
  });
});

describe('an ID token', () => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(demo)));
  afterAll(() => provider.close());

  it.each(['RS256', 'ES256', 'EdDSA'])('may be signed with %s where the literal says so', async (alg) =>
    expect((await provider.signIn({ header: { alg } })).issuer).toBe(provider.issuer),
  );

  it('is refused with extensions that we do not know', () =>
    expect(provider.signIn({ header: { alg: 'RS256', crit: ['exp'] } })).rejects.toMatchObject({
      code: 'provider.answer_invalid',
    }));
});
