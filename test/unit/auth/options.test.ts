import { describe, expect, it } from 'vitest';
import { aaguidName } from '../../../src/domain/auth/passkeys/aaguids.ts';
import { assertionOptions, registrationOptions } from '../../../src/domain/auth/passkeys/ceremony.ts';
import { fromHex, toBase64Url } from '../../../src/lib/secrets.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { creationOptions, handle, newChallenge, origin, rp } from './site.ts';

const challenge = newChallenge();
const known = { credentialId: Uint8Array.of(1, 2, 255), transports: ['usb', 'no-such-way', 'internal'] };
const descriptor = { type: 'public-key', id: 'AQL_', transports: ['internal', 'usb'] };

describe('options for a browser', () => {
  it('ask for a passkey that needs no user name, verifies its user and is not attested', async () => {
    const registrant = { handle, name: 'ada@example.org', displayName: 'Ada', challenge, registered: [known] };
    expect(await registrationOptions(rp, registrant)).toEqual({
      rp: { id: 'example.org', name: 'Example' },
      user: { id: toBase64Url(handle), name: 'ada@example.org', displayName: 'Ada' },
      challenge: toBase64Url(challenge),
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      timeout: 300_000,
      attestation: 'none',
      excludeCredentials: [descriptor],
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      extensions: { credProps: true },
      hints: [],
    });
  });

  it('ask for any passkey of the site, or for one of those named', async () => {
    const any = {
      rpId: 'example.org',
      challenge: toBase64Url(challenge),
      timeout: 300_000,
      userVerification: 'required',
    };
    expect(await assertionOptions(rp, { challenge })).toEqual(any);
    expect(await assertionOptions(rp, { challenge, allowed: [known] })).toEqual({
      ...any,
      allowCredentials: [descriptor],
    });
  });

  it('survive JSON as they are', async () => {
    for (const options of [await creationOptions(), await assertionOptions(rp, { challenge, allowed: [known] })]) {
      expect(JSON.parse(JSON.stringify(options))).toEqual(options);
    }
  });
});

describe('the authenticator of these tests', () => {
  it('makes no second passkey where it has one that is excluded', async () => {
    const authenticator = await createAuthenticator({ origin });
    await authenticator.register(await creationOptions());
    const [{ id } = { id: '' }] = authenticator.passkeys;
    const again = { ...(await creationOptions()), excludeCredentials: [{ id, type: 'public-key' }] };
    await expect(authenticator.register(again)).rejects.toMatchObject({ name: 'InvalidStateError' });
  });

  it('answers with the newest passkey, with the one that is asked for, or not at all', async () => {
    const authenticator = await createAuthenticator({ origin });
    await expect(authenticator.assert(await assertionOptions(rp, { challenge }))).rejects.toMatchObject({
      name: 'NotAllowedError',
    });
    const first = await authenticator.register(await creationOptions());
    const second = await authenticator.register(await creationOptions());
    const any = await assertionOptions(rp, { challenge });
    expect((await authenticator.assert(any)).id).toBe(second.id);
    expect((await authenticator.assert(any, { credentialId: first.id })).id).toBe(first.id);
    const allowed = { ...any, allowCredentials: [{ id: first.id, type: 'public-key' }] };
    expect((await authenticator.assert(allowed)).id).toBe(first.id);
    await expect(authenticator.assert({ ...any, rpId: 'example.net' })).rejects.toThrow(DOMException);
  });
});

describe('the name of an authenticator', () => {
  it.each([
    ['a11a5faa9f324b8c8c5d2f7d13e8c942', 'AliasVault'],
    ['ea9b8d664d011d213ce4b6b48cb575d4', 'Google Password Manager'],
    ['dd4ec289e01d41c9bb8970fa845d4bf2', 'iCloud Keychain (Managed)'],
    ['08987058cadc4b81b6e130de50dcbe96', 'Windows Hello'],
    ['9ddd1817af5a4672a2b93e3dd95000a9', 'Windows Hello'],
    ['891494da2c904d31a9cd4eab0aed1309', 'Sésame'],
    ['b35a26b28f6e4697ab1dd44db4da28c6', 'Zoho Vault'],
  ])('%s is %s', (aaguid, name) => {
    expect(aaguidName(fromHex(aaguid))).toBe(name);
  });

  it.each([
    '',
    '00',
    '00000000000000000000000000000000',
    'ea9b8d664d011d213ce4b6b48cb575d5',
    'ffffffffffffffffffffffffffffffff',
  ])('is not known for "%s"', (aaguid) => {
    expect(aaguidName(fromHex(aaguid))).toBeNull();
  });
});
