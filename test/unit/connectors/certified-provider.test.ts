import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { demo } from '../../../src/connectors/demo.ts';
import { authorizationUrl, readCallback, redeemCallback } from '../../../src/connectors/flow.ts';
import { randomSecret } from '../../../src/lib/secrets.ts';
import { startTestProvider } from '../../support/oidc-provider/start.ts';
import { type Account, newAccount, signInAt, type Tampering, tamperWith } from '../../support/oidc-provider.ts';

const PUBLIC_URL = 'http://localhost:8787';
const redirectUri = `${PUBLIC_URL}/oauth/callback/demo`;

let provider: OidcProvider;
beforeAll(async () => void (provider = await startTestProvider(PUBLIC_URL)));
afterAll(() => provider.close());

/** A request of a new browser. */
const newRequest = () => ({ state: randomSecret(), browserSecret: randomSecret(), redirectUri });

/** To the provider and back: what the browser brings. */
async function goThere(request: ReturnType<typeof newRequest>, account: Account): Promise<URLSearchParams> {
  const url = await authorizationUrl(demo, provider, request);
  return new URL(await signInAt(url, account)).searchParams;
}

async function signIn(account: Account, tampering?: Tampering) {
  const request = newRequest();
  if (tampering) await tamperWith(provider.issuer, account, tampering);
  const params = await goThere(request, account);
  return redeemCallback(demo, provider, { ...request, params, deadlineMs: 500 });
}

describe('the flow with a certified OpenID provider', () => {
  it('says who signed in', async () => {
    const account = newAccount();
    expect(await signIn(account)).toEqual({
      issuer: provider.issuer,
      subject: account.subject,
      email: account.email,
      isEmailVerified: true,
      name: account.name,
      avatarUrl: `https://example.com/${account.subject}.png`,
      scopes: ['openid', 'email', 'profile'],
    });
  });

  it('does not call an address verified that the provider does not', async () => {
    const { email, isEmailVerified } = await signIn(newAccount({ email: 'ada@example.com', isEmailVerified: false }));
    expect({ email, isEmailVerified }).toEqual({ email: 'ada@example.com', isEmailVerified: false });
  });

  it('is sent back with the state and the issuer that it expects', async () => {
    const request = newRequest();
    const callback = readCallback(await goThere(request, newAccount()));
    expect(callback).toMatchObject({ state: request.state, issuer: provider.issuer, refusal: null });
  });

  it('redeems a code once', async () => {
    const request = newRequest();
    const params = await goThere(request, newAccount());
    expect((await redeemCallback(demo, provider, { ...request, params })).issuer).toBe(provider.issuer);
    const again = redeemCallback(demo, provider, { ...request, params });
    await expect(again).rejects.toMatchObject({ code: 'provider.refused', cause: 'invalid_grant' });
  });

  it('redeems no code of another browser: the provider holds the verifier to the challenge', async () => {
    const request = newRequest();
    const params = await goThere(request, newAccount());
    const stolen = redeemCallback(demo, provider, { ...request, params, browserSecret: randomSecret() });
    await expect(stolen).rejects.toMatchObject({ code: 'provider.refused', cause: 'invalid_grant' });
  });

  // Injected into another's callback, the code of the attacker's own sign-in would sign the other in as the attacker.
  it('redeems no code that was given to another request of the same browser', async () => {
    const request = newRequest();
    const injected = await goThere({ ...request, state: randomSecret() }, newAccount());
    injected.set('state', request.state);
    const redeemed = redeemCallback(demo, provider, { ...request, params: injected });
    await expect(redeemed).rejects.toMatchObject({ code: 'provider.refused', cause: 'invalid_grant' });
  });

  it('redeems no code for another redirect address, and none with a wrong secret', async () => {
    const request = newRequest();
    const params = await goThere(request, newAccount());
    const elsewhere = redeemCallback(demo, provider, { ...request, params, redirectUri: `${redirectUri}/x` });
    await expect(elsewhere).rejects.toMatchObject({ code: 'provider.refused' });
    const wrong = redeemCallback(demo, { ...provider, clientSecret: 'wrong' }, { ...request, params });
    await expect(wrong).rejects.toMatchObject({ code: 'provider.refused' });
  });

  it.each<[string, Tampering, string]>([
    ['no issuer beside the code', { iss: null }, 'provider.issuer_mismatch'],
    ['another issuer beside the code', { iss: 'https://evil.example' }, 'provider.issuer_mismatch'],
    ['another issuer in the token', { claims: { iss: 'https://evil.example' } }, 'provider.issuer_mismatch'],
    ['another nonce', { claims: { nonce: 'another' } }, 'provider.answer_invalid'],
    ['no nonce', { claims: { nonce: null } }, 'provider.answer_invalid'],
    ['another audience', { claims: { aud: 'another' } }, 'provider.answer_invalid'],
    ['a token that has expired', { claims: { exp: 1 } }, 'provider.answer_invalid'],
    ['an empty subject', { claims: { sub: '' } }, 'provider.answer_invalid'],
    ['a token without a signature', { signature: 'none' }, 'provider.answer_invalid'],
    ['a token signed with our secret', { signature: 'HS256' }, 'provider.answer_invalid'],
    ['a token signed by somebody else', { signature: 'another_key' }, 'provider.answer_invalid'],
    ['503', { answer: 'unavailable' }, 'provider.unreachable'],
    ['nothing, ever', { answer: 'never' }, 'provider.unreachable'],
    ['a page', { answer: 'page' }, 'provider.answer_invalid'],
    ['an error with status 200', { answer: 'error' }, 'provider.refused'],
  ])('refuses %s', (_, tampering, code) => expect(signIn(newAccount(), tampering)).rejects.toMatchObject({ code }));
});
