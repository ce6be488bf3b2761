import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { demo } from '../../../src/connectors/demo.ts';
import { authorizationUrl, redeemCallback } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import type { Connector } from '../../../src/connectors/types.ts';
import {
  type Answer,
  BROWSER_SECRET,
  type Faults,
  type Provider,
  REDIRECT_URI,
  startProvider,
  STATE,
} from './support/provider.ts';

const HTML = { 'content-type': 'text/html' };
const page = '<!doctype html><title>Attention required</title>';

const faults: [string, Answer, string][] = [
  ['no answer', 'hang', 'provider.unreachable'],
  ['a broken connection', 'reset', 'provider.unreachable'],
  ['503', { status: 503, body: { error: 'temporarily_unavailable' } }, 'provider.unreachable'],
  ['502 as a page', { status: 502, headers: HTML, body: page }, 'provider.unreachable'],
  ['429', { status: 429, body: { error: 'slow_down' } }, 'provider.unreachable'],
  ['408', { status: 408 }, 'provider.unreachable'],
  // A firewall's page is no word of the provider: it refused nothing.
  ['403 as a page', { status: 403, headers: HTML, body: page }, 'provider.answer_invalid'],
  ['404 as a page', { status: 404, headers: HTML, body: page }, 'provider.answer_invalid'],
  ['200 as a page', { headers: HTML, body: page }, 'provider.answer_invalid'],
  ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, 'provider.answer_invalid'],
  [
    'a redirect that keeps the body',
    { status: 307, headers: { location: 'https://evil.example/' } },
    'provider.answer_invalid',
  ],
  ['201', { status: 201 }, 'provider.answer_invalid'],
  ['204', { status: 204 }, 'provider.answer_invalid'],
  ['an empty body', { body: '' }, 'provider.answer_invalid'],
  ['an empty object', { body: {} }, 'provider.answer_invalid'],
  ['a list', { body: [] }, 'provider.answer_invalid'],
  ['null', { body: 'null' }, 'provider.answer_invalid'],
  ['half of an answer', { body: '{"access_token":"acc' }, 'provider.answer_invalid'],
  ['more than anybody reads', { body: { keys: [], padding: 'x'.repeat(300_000) } }, 'provider.answer_invalid'],
];

describe.each([
  ['the token endpoint', google, 'token'],
  ['the key set', demo, 'jwks'],
  ['the API', github, 'api.user'],
] as const)('%s', (_, connector: Connector, endpoint) => {
  it.each(faults)('answers %s', async (_name, answer, code) => {
    // Anew each time: a key set that was read once is not asked for again.
    const provider = await startProvider(connector);
    const started = provider.signIn(
      { answers: { [endpoint]: answer } },
      { deadlineMs: answer === 'hang' ? 100 : undefined },
    );
    await expect(started).rejects.toMatchObject({ code });
    await provider.close();
  });
});

describe('the token endpoint', () => {
  let provider: Provider;
  beforeAll(async () => void (provider = await startProvider(google)));
  afterAll(() => provider.close());
  const answered = (answer: Answer) => provider.signIn({ answers: { token: answer } }).catch((error: unknown) => error);

  it.each(['invalid_grant', 'invalid_client', 'anything_else'])(
    'refuses with %s, which the logs may say',
    async (error) => {
      expect(await answered({ status: 400, body: { error } })).toMatchObject({
        code: 'provider.refused',
        cause: error,
      });
    },
  );

  it('refuses a client with a challenge', async () => {
    const headers = { 'www-authenticate': 'Basic realm="secret-realm"' };
    const error = await answered({ status: 401, headers, body: { error: 'invalid_client' } });
    expect(error).toMatchObject({ code: 'provider.refused' });
    expect(inspect(error, { depth: 9 })).not.toContain('secret-realm');
  });

  it.each([
    ['no access token', { access_token: undefined }],
    ['an access token that is a number', { access_token: 1 }],
    ['no type', { token_type: undefined }],
    ['a type that we do not know', { token_type: 'mac' }],
    ['scopes that are a list', { scope: ['openid'] }],
  ])('is not believed with %s', (_, token) =>
    expect(provider.signIn({ token })).rejects.toMatchObject({ code: 'provider.answer_invalid' }),
  );
});

describe('an answer', () => {
  it('is read up to 256 KiB, and no further', async () => {
    const provider = await startProvider(google);
    const padding = (length: number) => provider.signIn({ token: { padding: 'x'.repeat(length) } });
    expect((await padding(200_000)).issuer).toBe(provider.issuer);
    await expect(padding(300_000)).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: 'too long' });
    await provider.close();
  });

  it('that points elsewhere is where it ends', async () => {
    const provider = await startProvider(google);
    const headers = { location: `${provider.issuer}/elsewhere` };
    for (const status of [301, 302, 303, 307, 308]) {
      const led = provider.signIn({ answers: { token: { status, headers } } });
      await expect(led).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: status });
      expect(provider.requests).toHaveLength(1);
    }
    await provider.close();
  });
});

describe('an error of a provider', () => {
  // CVE-2025-71404, and every log that ever held a token.
  it('carries no text of the provider, no token, no code and no secret of ours', async () => {
    const provider = await startProvider(google);
    const text = 'Ask <b>mallory</b>';
    const said = { error: text, error_description: text, error_uri: text };
    const ways: Faults[] = [
      { answers: { token: { status: 400, body: said } } },
      { answers: { token: { body: said } } },
      { callback: { ...said, code: undefined } },
      { claims: { nonce: text } },
      { claims: { iss: text } },
      { claims: { aud: text } },
      { claims: { sub: { text } } },
      { idToken: (token) => `${token}!` },
      { token: { token_type: text } },
    ];
    for (const way of ways) {
      const error: unknown = await provider.signIn(way).catch((reason: unknown) => reason);
      expect(error).toHaveProperty('code', expect.stringMatching(/^provider\./));
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const secret of ['mallory', 'access-1', 'code-1', 'secret-1', 'eyJ', BROWSER_SECRET]) {
        expect(shown).not.toContain(secret);
      }
    }
    await provider.close();
  });
});

describe('where a provider is', () => {
  const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI };
  afterEach(() => vi.useRealTimers());

  it('is asked once an hour where it is discovered', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const provider = await startProvider(demo);
    const asked = async () => {
      await provider.authorize();
      return provider.requests.length;
    };
    expect([await asked(), await asked()]).toEqual([1, 0]);
    vi.setSystemTime(Date.now() + 59 * 60_000);
    expect(await asked()).toBe(0);
    vi.setSystemTime(Date.now() + 2 * 60_000);
    expect(await asked()).toBe(1);
    await provider.close();
  });

  it.each([
    ['names another issuer', { issuer: 'https://evil.example' }],
    ['names none', { issuer: undefined }],
    ['leaves out where to go', { authorization_endpoint: undefined }],
    ['leaves out the token endpoint', { token_endpoint: undefined }],
    ['leaves out the key set', { jwks_uri: '' }],
  ])('is not believed when the discovery %s, and not kept', async (_, change) => {
    const provider = await startProvider(demo);
    const at = (path: string) => `${provider.issuer}/${path}`;
    const endpoints = { authorization_endpoint: at('authorize'), token_endpoint: at('token'), jwks_uri: at('jwks') };
    const body = { issuer: provider.issuer, ...endpoints, ...change };
    const found = provider.authorize({ answers: { discovery: { body } } });
    await expect(found).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    expect((await provider.signIn()).issuer).toBe(provider.issuer);
    await provider.close();
  });

  it('is unreachable when the discovery is', async () => {
    const provider = await startProvider(demo);
    const found = provider.authorize({ answers: { discovery: { status: 503 } } });
    await expect(found).rejects.toMatchObject({ code: 'provider.unreachable' });
    expect((await provider.authorize()).url.origin).toBe(provider.issuer);
    await provider.close();
  });

  it.each(['http://192.0.2.1', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'ftp://localhost'])(
    'is on this machine or on https, and not at %s',
    async (issuer) => {
      let calls = 0;
      const fetch = async () => ((calls += 1), new Response());
      const found = authorizationUrl(demo, { clientId: 'a', clientSecret: 'b', issuer }, { ...request, fetch });
      await expect(found).rejects.toMatchObject({ code: 'provider.answer_invalid' });
      expect(calls).toBe(0);
    },
  );

  it('is never on http for a connector that is not for development', async () => {
    const plain = { ...google, endpoints: { authorization: 'https://a.example', token: 'http://127.0.0.1/token' } };
    const params = new URLSearchParams({ code: 'code-1', state: STATE, iss: 'https://accounts.google.com' });
    let calls = 0;
    const fetch = async () => ((calls += 1), new Response());
    const redeemed = redeemCallback(plain, { clientId: 'a', clientSecret: 'b' }, { ...request, params, fetch });
    await expect(redeemed).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    expect(calls).toBe(0);
  });

  it('is never on http for an API either', async () => {
    const { identity } = github;
    if (identity.kind !== 'api') throw new Error('GitHub has an API.');
    const plain = { ...github, identity: { ...identity, urls: { user: 'http://127.0.0.1/user' } } };
    const provider = await startProvider(plain);
    await expect(provider.signIn()).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: 'not https' });
    expect(provider.requests.map(({ method }) => method)).toEqual(['POST']);
    await provider.close();
  });

  it('must be in the settings where the literal names none', () =>
    expect(authorizationUrl(demo, { clientId: 'a', clientSecret: 'b' }, request)).rejects.toMatchObject({
      name: 'SettingError',
      setting: 'DEMO_ISSUER',
    }));
});

describe('a key set', () => {
  afterEach(() => vi.useRealTimers());

  it('is read once in five minutes, and anew for a key that it lacks', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const provider = await startProvider(demo);
    const reads = async (wanted?: Faults) => {
      await provider.signIn(wanted);
      return provider.requests.filter(({ url }) => url.endsWith('/jwks')).length;
    };
    expect([await reads(), await reads()]).toEqual([1, 0]);
    vi.setSystemTime(Date.now() + 301_000);
    expect([await reads(), await reads()]).toEqual([1, 0]);
    const [first, ...others] = provider.keys.keySet.keys;
    const other = await startProvider(demo);
    const lacking = { answers: { jwks: { body: { keys: others } } } };
    await expect(other.signIn(lacking)).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    // Within a minute a missing key is not asked for again: else anybody could make us ask.
    await expect(other.signIn()).rejects.toMatchObject({ code: 'provider.answer_invalid' });
    vi.setSystemTime(Date.now() + 61_000);
    expect((await other.signIn()).issuer).toBe(other.issuer);
    expect(first).toBeDefined();
    await Promise.all([provider.close(), other.close()]);
  });
});
