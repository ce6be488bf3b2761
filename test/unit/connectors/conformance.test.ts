import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectableConnectors, connectors, findConnector, signInConnectors } from '../../../src/connectors/index.ts';
import { connectorNames, signInConnectorNames } from '../../../src/connectors/names.ts';
import { redeemGrant } from '../../../src/connectors/flow.ts';
import { deriveSecrets } from '../../../src/connectors/pkce.ts';
import { BROWSER_SECRET, CLIENT_ID, type Provider, REDIRECT_URI, startProvider, STATE } from './support/provider.ts';
import { grantSampleOf } from './support/grant-samples.ts';
import { person, sampleOf } from './support/samples.ts';

// A new connector is tested by being in the list: only one whose provider strays from the standards shows what that one
// answers, in support/samples.ts and support/grant-samples.ts.
describe.each(signInConnectors)('signing in with $name', (connector) => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(connector)));
  afterAll(() => provider.close());

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

describe.each(connectableConnectors)('a grant of $name', (connector) => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(connector)));
  afterAll(() => provider.close());
  const sample = grantSampleOf(connector);
  const { gives } = sample;
  const rules = connector.grant;
  const [lifetime, refreshLifetime] = gives.lifetimes;
  const parameters = sample.parameters ?? {};

  it('is asked for with what the connector always needs and what somebody wants, each once', async () => {
    const { url } = await provider.connect();
    const { codeChallenge, nonce } = await deriveSecrets(BROWSER_SECRET, STATE);
    const scope = [...new Set([...(rules?.scopes ?? []), ...sample.asked])].join(connector.scopeSeparator ?? ' ');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...connector.authorizationParams,
      ...rules?.authorizationParams,
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      ...(scope === '' ? {} : { scope }),
      state: STATE,
      ...(connector.refusesPkce ? {} : { code_challenge: codeChallenge, code_challenge_method: 'S256' }),
      ...(connector.identity.kind === 'id_token' ? { nonce } : {}),
      ...(connector.responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
    });
    expect(url.href).not.toMatch(/[{}]|%7[BD]/i);
  });

  it('is received: account, tokens, lifetimes, scopes under all of their names', async () => {
    const grant = await provider.receive();
    expect(grant).toMatchObject({
      accountId: gives.accountId,
      metadata: gives.metadata,
      identity: { issuer: provider.issuer, subject: gives.accountId },
      tokens: {
        accessToken: 'access-1',
        refreshToken: 'refresh-1',
        tokenType: 'Bearer',
        expiresIn: lifetime,
        refreshExpiresIn: refreshLifetime,
      },
    });
    expect(Object.keys(grant.metadata)).toEqual(Object.keys(gives.metadata));
    expect(grant.scopes).toEqual(gives.scopes);
    const lacking = [...(rules?.scopes ?? []), ...sample.asked].filter((scope) => !grant.scopes.includes(scope));
    expect(lacking).toEqual([]);
  });

  it('is refreshed, again and again', async () => {
    await provider.connect();
    const [expiresIn, refreshExpiresIn] = gives.refreshedLifetimes;
    const first = await provider.refresh();
    expect(first).toMatchObject({
      kind: 'refreshed',
      tokens: { accessToken: 'access-2', tokenType: 'Bearer', expiresIn, refreshExpiresIn },
    });
    const renewed = first.kind === 'refreshed' ? first.tokens.refreshToken : null;
    if (rules?.refresh.rotates) expect(renewed).toBe('refresh-2');
    else expect([null, 'refresh-1']).toContain(renewed);
    expect(await provider.refresh({}, { refreshToken: renewed ?? 'refresh-1' })).toMatchObject({ kind: 'refreshed' });
    expect(provider.requests).toHaveLength(1);
  });

  it('is dead when its refresh token is, and for no other reason', async () => {
    await provider.connect();
    const dead = { kind: 'failed', failure: { class: 'permanent', code: expect.stringMatching(/^[a-z_]+$/) } };
    expect(await provider.refresh({}, { refreshToken: 'refresh-of-nobody' })).toMatchObject(dead);
    await provider.refresh();
    const again = await provider.refresh();
    if (rules?.refresh.reuse === 'revokes') expect(again).toMatchObject(dead);
    else expect(again.kind).toBe('refreshed');
  });

  it('outlives a wrong client secret', async () => {
    await provider.connect();
    const client = { ...provider.client, clientSecret: 'wrong' };
    const failed = await provider.refresh({}, { client });
    expect(failed).toMatchObject({ kind: 'failed', failure: { class: 'configuration' } });
    expect((await provider.refresh()).kind).toBe('refreshed');
  });

  it('is ended at the provider, where it has a way', async () => {
    await provider.connect();
    if (!sample.revoked) {
      expect(rules?.revocation).toBeNull();
      expect(await provider.revoke()).toEqual({ kind: 'unsupported' });
      expect(provider.requests).toEqual([]);
      return;
    }
    expect(await provider.revoke()).toEqual({ kind: 'revoked' });
    expect(await provider.refresh()).toMatchObject({ kind: 'failed', failure: { class: 'permanent' } });
    // Asked again because the answer was lost, it is still ended.
    const token = { token: 'access-1', tokenType: 'access_token' as const };
    expect(await provider.revoke({}, token)).toEqual({ kind: 'revoked' });
  });

  it('tells with every request who is asking, and sends nothing anywhere else', async () => {
    await provider.receive();
    expect(provider.requests.length).toBeGreaterThan(0);
    for (const { headers, url } of provider.requests) {
      expect(headers['user-agent']).toBe('Gatehouse');
      expect(url).not.toContain('{');
    }
  });

  it('is given to nobody who brings the answer of another flow', async () => {
    const { params } = await provider.connect();
    const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, fetch: provider.fetch };
    const other = { ...request, params, scopes: [], parameters, state: STATE.replace('0', 'x') };
    const redeemed = redeemGrant(connector, provider.client, other);
    await expect(redeemed).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    const denied = provider.receive({ callback: { error: 'access_denied', code: undefined, iss: undefined } });
    await expect(denied).rejects.toMatchObject({ code: 'provider.denied' });
    expect(provider.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe.each(connectors)('the literal of $name', (connector) => {
  const { endpoints, identity, grant } = connector;

  it('is found by its name', () => expect(findConnector(connector.name)).toBe(connector));

  it('names https addresses alone, unless it is for development', () => {
    const urls = [
      ...Object.values(endpoints ?? {}),
      ...(identity.kind === 'api' ? Object.values(identity.urls) : []),
      ...[grant?.refresh.endpoint, grant?.revocation?.endpoint].filter((url) => typeof url === 'string'),
    ];
    expect(urls.filter((url) => !url.startsWith('https://'))).toEqual([]);
    expect(connector.isForDevelopment).toBe(connector.issuer === null);
    expect(endpoints === null).toBe(connector.isForDevelopment);
  });

  it('has a place only for what it checks, and checks it from end to end', () => {
    const rules = grant?.parameters ?? {};
    const places = JSON.stringify([endpoints, identity, grant?.revocation]).match(/(?<=\{)\w+(?=\})/g) ?? [];
    expect(new Set(places.filter((name) => name !== 'client_id'))).toEqual(new Set(Object.keys(rules)));
    for (const { pattern, example } of Object.values(rules)) {
      expect(pattern.test(example)).toBe(true);
      for (const bad of [`${example}\n`, `${example}/x`, `x@${example}`, `.${example}`, `${example}:1`, '']) {
        expect(pattern.test(bad)).toBe(false);
      }
    }
  });

  it('does without PKCE only where nobody signs in', () => {
    const signsIn = signInConnectors.includes(connector);
    if (signsIn) expect(connector.refusesPkce).toBeUndefined();
    expect(signsIn || grant !== null).toBe(true);
  });
});

it('has a literal for every name', () => {
  expect(connectors.map(({ name }) => name)).toEqual(connectorNames);
  expect(signInConnectors.map(({ name }) => name)).toEqual(signInConnectorNames);
  expect(connectableConnectors.map(({ name }) => name)).toEqual(connectorNames.filter((name) => name !== 'apple'));
  expect(findConnector('nobody')).toBeUndefined();
});
