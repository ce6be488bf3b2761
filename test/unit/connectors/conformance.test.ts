import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectors, findConnector } from '../../../src/connectors/index.ts';
import { connectorNames } from '../../../src/connectors/names.ts';
import { deriveSecrets } from '../../../src/connectors/pkce.ts';
import { BROWSER_SECRET, CLIENT_ID, type Provider, REDIRECT_URI, startProvider, STATE } from './support/provider.ts';
import { person, sampleOf } from './support/samples.ts';

// A new connector is tested by being in the list: only one whose provider is no OpenID one shows what its API answers,
// in support/samples.ts.
describe.each(connectors)('the connector $name', (connector) => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(connector)));
  afterAll(() => provider.close());

  it('is found by its name', () => expect(findConnector(connector.name)).toBe(connector));

  it('names https addresses alone, unless it is for development', () => {
    const { endpoints, identity } = connector;
    const urls = [...Object.values(endpoints ?? {}), ...(identity.kind === 'api' ? Object.values(identity.urls) : [])];
    expect(urls.filter((url) => new URL(url).protocol !== 'https:')).toEqual([]);
    expect(connector.isForDevelopment).toBe(connector.issuer === null);
  });

  it('sends the browser there with PKCE S256, state, and a nonce for OpenID', async () => {
    const { url } = await provider.authorize();
    const { codeChallenge, nonce } = await deriveSecrets(BROWSER_SECRET, STATE);
    const isOpenId = connector.identity.kind === 'id_token';
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...connector.authorizationParams,
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      scope: connector.scopes.join(' '),
      state: STATE,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...(isOpenId ? { nonce } : {}),
      ...(connector.responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
    });
    if (connector.endpoints) expect(url.origin + url.pathname).toBe(connector.endpoints.authorization);
  });

  it('says who signed in', async () => {
    const { claims, api, scope } = sampleOf(connector);
    const granted = scope?.split(connector.grantedScopeSeparator ?? ' ') ?? connector.scopes;
    const hasPicture = api !== undefined || (claims && !('picture' in claims) && connector.name !== 'apple');
    expect(await provider.signIn()).toEqual({
      issuer: provider.issuer,
      subject: api ? '583231' : person.sub,
      email: person.email,
      isEmailVerified: true,
      name: person.name,
      avatarUrl: hasPicture ? person.picture : null,
      scopes: granted,
    });
  });

  it('tells with every request who is asking', async () => {
    await provider.signIn();
    expect(provider.requests.length).toBeGreaterThan(0);
    for (const { headers } of provider.requests) expect(headers['user-agent']).toBe('Gatehouse');
  });

  it('redeems nothing of another browser, whose PKCE verifier is another', async () => {
    const stolen = provider.signIn({}, { browserSecret: 'browser-of-somebody-else-3456789012345678' });
    await expect(stolen).rejects.toMatchObject({ code: 'provider.refused' });
  });

  it('takes no answer to another state', async () => {
    const state = 'state-of-another-request-78901234567890123';
    await expect(provider.signIn({ callback: { state } })).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    await expect(provider.signIn({}, { state })).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    const denied = { state, error: 'access_denied', code: undefined };
    await expect(provider.signIn({ callback: denied })).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    expect(provider.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('takes no answer of another issuer, and sends it no code (mix-up)', async () => {
    for (const iss of ['https://evil.example', `${provider.issuer}/`, provider.issuer.toUpperCase(), '']) {
      const mixedUp = provider.signIn({ callback: { iss } });
      await expect(mixedUp).rejects.toMatchObject({ code: 'provider.issuer_mismatch' });
    }
    expect(provider.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('takes an answer without an issuer only where the provider announces none', async () => {
    const silent = provider.signIn({ callback: { iss: undefined } });
    if (connector.announcesIssuer) await expect(silent).rejects.toMatchObject({ code: 'provider.issuer_mismatch' });
    else expect((await silent).issuer).toBe(provider.issuer);
  });

  it('says whether the person or the provider said no, and asks no further', async () => {
    const said = (error: string) => provider.signIn({ callback: { error, code: undefined, iss: undefined } });
    await expect(said('access_denied')).rejects.toMatchObject({ code: 'provider.denied' });
    await expect(said('server_error')).rejects.toMatchObject({ code: 'provider.refused' });
    expect(provider.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

it('has a literal for every name', () => {
  expect(connectors.map(({ name }) => name)).toEqual(connectorNames);
  expect(findConnector('nobody')).toBeUndefined();
});
