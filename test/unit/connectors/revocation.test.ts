import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apple } from '../../../src/connectors/apple.ts';
import { demo } from '../../../src/connectors/demo.ts';
import { revokeGrant } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { shopify } from '../../../src/connectors/shopify.ts';
import { slack } from '../../../src/connectors/slack.ts';
import type { Connector, FailureClass } from '../../../src/connectors/types.ts';
import { type Answer, CLIENT_ID, type Provider, startProvider } from './support/provider.ts';

const providers = new Map<Connector, Provider>();
beforeAll(async () => {
  for (const connector of [demo, github, google, shopify, slack]) {
    providers.set(connector, await startProvider(connector));
  }
});
afterAll(() => Promise.all([...providers.values()].map((provider) => provider.close())));

function of(connector: Connector): Provider {
  const provider = providers.get(connector);
  if (!provider) throw new Error('The provider has not started.');
  return provider;
}

const accessToken = { token: 'access-1', tokenType: 'access_token' as const };

describe('a revocation', () => {
  const answered = (revocation: Answer, connector = demo, deadlineMs?: number) =>
    of(connector).revoke({ answers: { revocation } }, { deadlineMs, ...(connector === demo ? {} : accessToken) });

  it.each<[string, Connector, Answer]>([
    ['200 and nothing', demo, { body: '' }],
    ['200 and a page', demo, { headers: { 'content-type': 'text/html' }, body: '<p>Done</p>' }],
    ['204', github, { status: 204 }],
    ['what Slack says', slack, { body: { ok: true, revoked: true } }],
    ['that Google knows no such token', google, { status: 400, body: { error: 'invalid_token' } }],
    ['that GitHub knows no such token', github, { status: 404, body: { message: 'Not Found' } }],
    ['that Slack knows no such token', slack, { body: { ok: false, error: 'token_revoked' } }],
    ['that Shopify knows no such token', shopify, { status: 401, body: { errors: 'Invalid API key' } }],
  ])('is done when the answer is %s', async (_, connector, answer) =>
    expect(await answered(answer, connector)).toEqual({ kind: 'revoked' }),
  );

  it.each<[string, Connector, Answer, FailureClass, string]>([
    ['503', demo, { status: 503 }, 'transient', 'http_503'],
    ['429', demo, { status: 429 }, 'transient', 'http_429'],
    ['403 as a page', demo, { status: 403, body: '<p>No</p>' }, 'transient', 'http_403'],
    ['a broken connection', demo, 'reset', 'ambiguous', 'network'],
    ['a redirect', demo, { status: 302 }, 'transient', 'http_302'],
    ['a wrong client', demo, { status: 401, body: { error: 'invalid_client' } }, 'configuration', 'invalid_client'],
    ['a wrong client', github, { status: 401, body: { message: 'Bad credentials' } }, 'transient', 'http_401'],
    ['validation', github, { status: 422, body: { message: 'Validation Failed' } }, 'transient', 'http_422'],
    // An access token that has run out does not end the grant.
    ['an old token', slack, { body: { ok: false, error: 'token_expired' } }, 'permanent', 'token_expired'],
    ['a limit', slack, { body: { ok: false, error: 'ratelimited' } }, 'transient', 'ratelimited'],
    ['no word at all', slack, { body: { ok: false } }, 'transient', 'unknown_error'],
  ])('fails with %s', async (_, connector, answer, failureClass, code) => {
    const failure = { class: failureClass, code };
    expect(await answered(answer, connector)).toMatchObject({ kind: 'failed', failure });
    expect(of(connector).requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
  });

  it('fails when nothing comes in time, and says how long to wait', async () => {
    expect(await answered('hang', demo, 100)).toMatchObject({ failure: { class: 'ambiguous', code: 'timeout' } });
    const busy = await answered({ status: 503, headers: { 'retry-after': '17' } });
    expect(busy).toMatchObject({ kind: 'failed', failure: { class: 'transient', retryAfter: 17 } });
  });

  it('is not to be had where the provider has no way', async () => {
    const unsupported = { kind: 'unsupported' };
    expect(await answered({ status: 400, body: { error: 'unsupported_token_type' } })).toEqual(unsupported);
    const silent = await startProvider(demo);
    const at = (path: string) => `${silent.issuer}/${path}`;
    const endpoints = { authorization_endpoint: at('authorize'), token_endpoint: at('token'), jwks_uri: at('jwks') };
    const discovery = { body: { issuer: silent.issuer, ...endpoints } };
    expect(await silent.revoke({ answers: { discovery } })).toEqual(unsupported);
    await silent.close();
    const signIn = revokeGrant(apple, { clientId: 'a', clientSecret: 'b' }, { ...accessToken, parameters: {} });
    await expect(signIn).rejects.toMatchObject({ code: 'provider.unknown' });
  });
});

describe('which token a provider is sent', () => {
  it.each([demo, google])('$name: the one at hand, and what kind it is (RFC 7009 §2.1)', async (connector) => {
    await of(connector).connect();
    await of(connector).revoke();
    expect(Object.fromEntries(of(connector).requests.at(-1)?.body ?? [])).toMatchObject({
      token: 'refresh-1',
      token_type_hint: 'refresh_token',
    });
    await of(connector).connect();
    await of(connector).revoke({}, accessToken);
    expect(Object.fromEntries(of(connector).requests.at(-1)?.body ?? [])).toMatchObject({
      token: 'access-1',
      token_type_hint: 'access_token',
    });
  });

  // An access token of yesterday would be answered with "no such token", and the grant would live on.
  it.each([github, slack, shopify])('$name: a fresh access token, for a refresh token', async (connector) => {
    await of(connector).connect();
    expect(await of(connector).revoke()).toEqual({ kind: 'revoked' });
    const [refresh, revocation, ...more] = of(connector).requests;
    expect(refresh?.body.get('refresh_token')).toBe('refresh-1');
    expect(JSON.stringify([revocation?.headers, [...(revocation?.body ?? [])]])).toContain('access-2');
    expect(more).toEqual([]);
  });

  it('is none when the refresh token is dead, or cannot be redeemed just now', async () => {
    await of(slack).connect();
    const dead = await of(slack).revoke({}, { token: 'refresh-of-nobody' });
    expect(dead).toMatchObject({ kind: 'failed', failure: { class: 'permanent', code: 'invalid_refresh_token' } });
    const away = await of(slack).revoke({ answers: { token: { status: 503 } } });
    expect(away).toMatchObject({ kind: 'failed', failure: { class: 'transient', code: 'http_503' } });
    expect(of(slack).requests).toHaveLength(1);
  });

  it("is told to GitHub with the client's own credentials, at the client's own address", async () => {
    await of(github).connect();
    await of(github).revoke({}, accessToken);
    const [request] = of(github).requests;
    expect(request?.url).toBe(`https://api.github.com/applications/${CLIENT_ID}/grant`);
    expect(request?.headers.authorization).toBe(`Basic ${btoa(`${CLIENT_ID}:secret-1`)}`);
  });
});
