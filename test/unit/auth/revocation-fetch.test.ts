/**
 * An attestation names, in its own certificates, where their revocation list is. For 'android-key',
 * @simplewebauthn/server 14.0.3 fetches it while it still trusts the root that was sent along: who registers would choose
 * what the Worker fetches.
 */
import { createServer, type Server } from 'node:http';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RegistrationJson } from '../../support/authenticator.ts';
import { type Cbor, encodeCbor, join } from '../../support/authenticator/cbor.ts';
import { bytesOf, origin, outcomeOfRegistration, register, rp, withParts } from './site.ts';
import { createIssuer } from './certificates.ts';

const seen: string[] = [];
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  seen.length = 0;
});

afterAll(async () => new Promise((resolve) => server.close(resolve)));

/** The registration as if an Android key attested it, by an issuer made up here whose list is at the address. */
async function attestedByAndroid(): Promise<{ response: RegistrationJson; challenge: string }> {
  const { authenticator, response, challenge } = await register();
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const issuer = await createIssuer();
  const data = bytesOf(response.response.authenticatorData);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(response.response.clientDataJSON)));
  // The point of the public key: after 0x04, its two coordinates, which the last 77 bytes have at 10 and 45.
  const key = data.subarray(-77);
  const point = join(Uint8Array.of(4), key.subarray(10, 42), key.subarray(45, 77));
  const leaf = await issuer.issue({ point, challenge: hash, revocationList: `http://127.0.0.1:${port}/chosen` });
  const sig = (await authenticator.passkeys[0]?.key.sign(join(data, hash))) ?? new Uint8Array();
  const statement = new Map<string, Cbor>(Object.entries({ alg: -7, sig, x5c: [leaf, issuer.certificate] }));
  const attestation = new Map<string, Cbor>(Object.entries({ fmt: 'android-key', attStmt: statement, authData: data }));
  return { response: withParts(response, { attestationObject: encodeCbor(attestation) }), challenge };
}

it('a registration does not make the Worker fetch an address that stands in its certificates', async () => {
  const { response, challenge } = await attestedByAndroid();
  expect(await outcomeOfRegistration(response, challenge)).toBe('passkey.attestation_invalid');
  expect(seen).toEqual([]);
});

it('the library alone would fetch it: once this fails, it has been mended', async () => {
  const { response, challenge } = await attestedByAndroid();
  const { id, rawId, type, response: given } = response;
  const { clientDataJSON, attestationObject } = given;
  const alone = verifyRegistrationResponse({
    response: { id, rawId, type, clientExtensionResults: {}, response: { clientDataJSON, attestationObject } },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rp.id,
  });
  await expect(alone).rejects.toThrow('not a known root');
  expect(seen).toEqual(['/chosen']);
});
