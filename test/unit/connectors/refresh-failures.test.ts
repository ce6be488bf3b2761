import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { demo } from '../../../src/connectors/demo.ts';
import { refreshTokens } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { microsoft } from '../../../src/connectors/microsoft.ts';
import { shopify } from '../../../src/connectors/shopify.ts';
import { slack } from '../../../src/connectors/slack.ts';
import type { Connector, FailureClass } from '../../../src/connectors/types.ts';
import { type Answer, type Provider, startProvider } from './support/provider.ts';

const HTML = { 'content-type': 'text/html' };
const page = '<!doctype html><title>Attention required</title>';
const error = (code: unknown, status = 400): Answer => ({
  status,
  body: { error: code, error_description: 'Why not' },
});

let provider: Provider;
beforeAll(async () => void (provider = await startProvider(google)));
afterAll(() => provider.close());

const refreshed = (token: Answer, deadlineMs?: number) => provider.refresh({ answers: { token } }, { deadlineMs });

describe('a refresh that fails', () => {
  it.each<[string, Answer, FailureClass, string, number | null]>([
    ['invalid_grant', error('invalid_grant'), 'permanent', 'invalid_grant', 400],
    ['invalid_grant with status 401', error('invalid_grant', 401), 'permanent', 'invalid_grant', 401],
    ['invalid_grant with status 403', error('invalid_grant', 403), 'permanent', 'invalid_grant', 403],
    ['invalid_grant with status 200', error('invalid_grant', 200), 'permanent', 'invalid_grant', 400],
    ['invalid_client', error('invalid_client', 401), 'configuration', 'invalid_client', 401],
    ['invalid_client with status 400', error('invalid_client'), 'configuration', 'invalid_client', 400],
    ['unsupported_grant_type', error('unsupported_grant_type'), 'configuration', 'unsupported_grant_type', 400],
    // Nobody said that the grant is dead, or that the client is wrong for everybody.
    ['unauthorized_client', error('unauthorized_client'), 'transient', 'unauthorized_client', 400],
    ['temporarily_unavailable', error('temporarily_unavailable'), 'transient', 'temporarily_unavailable', 400],
    ['invalid_request', error('invalid_request'), 'transient', 'invalid_request', 400],
    ['a code that nobody knows', error('blue_moon'), 'transient', 'blue_moon', 400],
    ['a code of the prototype', error('constructor'), 'transient', 'constructor', 400],
    ['a code that is a sentence', error('Ask <b>mallory</b>'), 'transient', 'unknown_error', 400],
    ['a code that is endless', error('a'.repeat(65)), 'transient', 'unknown_error', 400],
    ['408', { status: 408 }, 'transient', 'http_408', 408],
    ['429', { status: 429, body: { error: 'invalid_grant' } }, 'transient', 'http_429', 429],
    ['500', { status: 500, body: { error: 'invalid_grant' } }, 'transient', 'http_500', 500],
    ['502 as a page', { status: 502, headers: HTML, body: page }, 'transient', 'http_502', 502],
    ['503', { status: 503 }, 'transient', 'http_503', 503],
    // A gateway that passed it on and heard nothing.
    ['504', { status: 504 }, 'ambiguous', 'http_504', 504],
    ['524', { status: 524 }, 'ambiguous', 'http_524', 524],
    // toolhive #5170: a firewall's page ended connections.
    ['403 as a page', { status: 403, headers: HTML, body: page }, 'transient', 'http_403', 403],
    ['401 as a page', { status: 401, headers: HTML, body: page }, 'transient', 'http_401', 401],
    ['404 without a body', { status: 404, body: '' }, 'transient', 'http_404', 404],
    ['400 with JSON of another kind', { status: 400, body: { error: { code: 400 } } }, 'transient', 'http_400', 400],
    ['400 with a list', { status: 400, body: ['invalid_grant'] }, 'transient', 'http_400', 400],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, 'transient', 'http_302', 302],
    ['a redirect that keeps the body', { status: 307 }, 'transient', 'http_307', 307],
    ['201', { status: 201 }, 'ambiguous', 'http_201', 201],
    ['204', { status: 204 }, 'ambiguous', 'http_204', 204],
    ['a broken connection', 'reset', 'ambiguous', 'network', null],
    ['half an answer', 'half', 'ambiguous', 'network', null],
    ['200 as a page', { headers: HTML, body: page }, 'ambiguous', 'not_json', null],
    ['200 with half of the JSON', { body: '{"access_token":"acc' }, 'ambiguous', 'not_json', null],
    ['200 with a list', { body: [] }, 'ambiguous', 'not_json', null],
    ['200 with nothing', { body: '' }, 'ambiguous', 'not_json', null],
    ['more than anybody reads', { body: { padding: 'x'.repeat(300_000) } }, 'ambiguous', 'too_long', null],
  ])('with %s', async (_, answer, failureClass, code, status) => {
    const failure = { class: failureClass, code, status, retryAfter: null };
    expect(await refreshed(answer)).toEqual({ kind: 'failed', failure });
    expect(provider.requests).toHaveLength(1);
  });

  it.each([
    ['no access token', { access_token: undefined }],
    ['an empty access token', { access_token: '' }],
    ['an access token that is a number', { access_token: 1 }],
    ['an access token with a line break', { access_token: 'a\r\nx-evil: 1' }],
    ['an access token beyond ASCII', { access_token: 'tokén' }],
    ['an access token with half a character', { access_token: '\ud800' }],
    ['an endless access token', { access_token: 'a'.repeat(8193) }],
    ['an endless refresh token', { refresh_token: 'a'.repeat(8193) }],
    ['a refresh token that is an object', { refresh_token: { token: 'refresh-2' } }],
    ['no type', { token_type: undefined }],
    ['a type that binds it to a key', { token_type: 'DPoP' }],
    ['a type that we do not know', { token_type: 'mac' }],
    ['scopes that are a list', { scope: ['openid'] }],
  ])('because the answer has %s', async (_, token) => {
    const code = expect.stringMatching(/^(invalid_(access_token|refresh_token|token_type)|answer_invalid)$/) as string;
    expect(await provider.refresh({ token })).toMatchObject({ kind: 'failed', failure: { class: 'ambiguous', code } });
  });

  it('because nothing came in time', async () => {
    const failure = { class: 'ambiguous', code: 'timeout', status: null, retryAfter: null };
    expect(await refreshed('hang', 100)).toEqual({ kind: 'failed', failure });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED'])(
    'before anything was sent: %s',
    async (code) => {
      const fetch = () =>
        Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) }));
      const failure = { class: 'transient', code: 'network', status: null, retryAfter: null };
      expect(await provider.refresh({}, { fetch })).toEqual({ kind: 'failed', failure });
    },
  );

  // What workerd says of a connection that was refused, and of one that was lost.
  it.each([
    ['the words of workerd', Object.assign(new Error('Network connection lost.'), { retryable: true })],
    ['a socket that was closed', new TypeError('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } })],
    ['a reset', new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })],
    ['something that is no error', 'lost'],
  ])('perhaps after it was sent: %s', async (_, reason) => {
    const failure = { class: 'ambiguous', code: 'network', status: null, retryAfter: null };
    const fetch = () => Promise.reject(reason);
    expect(await provider.refresh({}, { fetch })).toEqual({ kind: 'failed', failure });
  });

  it('really before anything was sent: nobody listens', async () => {
    const closed = await startProvider(google);
    await closed.close();
    expect(await closed.refresh()).toMatchObject({ kind: 'failed', failure: { class: 'transient', code: 'network' } });
  });

  it('is not tried again, and its evidence holds no token, no secret and no text of the provider', async () => {
    const ways: Answer[] = [error('Ask mallory'), { status: 503, body: 'mallory' }, { body: 'mallory' }, 'reset'];
    for (const way of ways) {
      const outcome = await refreshed(way);
      const shown = inspect(outcome, { depth: 9, showHidden: true });
      for (const secret of ['mallory', 'refresh-1', 'secret-1', 'Why not']) expect(shown).not.toContain(secret);
      expect(provider.requests).toHaveLength(1);
    }
  });
});

describe("a provider's own words", () => {
  const started: Provider[] = [];
  afterAll(() => Promise.all(started.map((other) => other.close())));
  const said = async (connector: Connector, token: Answer) => {
    const other = await startProvider(connector);
    started.push(other);
    return other.refresh({ answers: { token } });
  };

  it.each<[Connector, unknown, FailureClass]>([
    [github, { error: 'bad_refresh_token' }, 'permanent'],
    [github, { error: 'incorrect_client_credentials' }, 'configuration'],
    [slack, { ok: false, error: 'invalid_refresh_token' }, 'permanent'],
    [slack, { ok: false, error: 'token_revoked' }, 'permanent'],
    [slack, { ok: false, error: 'account_inactive' }, 'permanent'],
    [slack, { ok: false, error: 'invalid_client_id' }, 'configuration'],
    [slack, { ok: false, error: 'bad_client_secret' }, 'configuration'],
    [slack, { ok: false, error: 'ratelimited' }, 'transient'],
    [slack, { ok: false, error: 'internal_error' }, 'transient'],
    [slack, { ok: false }, 'transient'],
    [slack, { access_token: 'access-2' }, 'transient'],
    [microsoft, { error: 'interaction_required' }, 'permanent'],
    [microsoft, { error: 'consent_required' }, 'permanent'],
    [google, { error: 'deleted_client' }, 'configuration'],
    [google, { error: 'admin_policy_enforced' }, 'permanent'],
    [shopify, { errors: 'Not Found' }, 'ambiguous'],
    // One provider's word is not another's.
    [google, { error: 'bad_refresh_token' }, 'transient'],
  ])('of $name: %j', async (connector, body, failureClass) => {
    expect(await said(connector, { body })).toMatchObject({ kind: 'failed', failure: { class: failureClass } });
  });

  it('may come as a form', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const outcome = await said(github, { headers, body: 'error=bad_refresh_token&error_description=Expired' });
    expect(outcome).toMatchObject({ failure: { class: 'permanent', code: 'bad_refresh_token' } });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  afterEach(() => vi.useRealTimers());
  const waitAfter = async (value: string, status = 503) => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    const outcome = await refreshed({ status, headers: { 'retry-after': value }, body: { error: 'slow_down' } });
    return outcome.kind === 'failed' ? outcome.failure.retryAfter : undefined;
  };

  it.each<[string, number | null]>([
    ['120', 120],
    ['0', 0],
    [' 7 ', 7],
    ['86401', 86_400],
    ['999999999999999', 86_400],
    ['Sat, 21 Nov 2026 12:02:00 GMT', 120],
    ['Saturday, 21-Nov-26 12:02:00 GMT', 120],
    ['Sat Nov 21 12:02:00 2026', 120],
    ['Sun, 22 Nov 2027 12:00:00 GMT', 86_400],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['soon', null],
    ['2026-11-21T12:02:00Z', null],
    ['', null],
  ])('%j', async (value, seconds) => expect(await waitAfter(value)).toBe(seconds));

  it.each([408, 429, 500, 503, 400, 403])('counts beside status %i', async (status) =>
    expect(await waitAfter('30', status)).toBe(30),
  );
});

describe('the endpoint of a connector that is discovered', () => {
  it('is not found: nothing was sent to it, so whatever failed may pass', async () => {
    for (const answer of [
      'reset',
      { status: 503 },
      { body: page },
      { body: { issuer: 'https://evil.example' } },
    ] as const) {
      const other = await startProvider(demo);
      const outcome = await other.refresh({ answers: { discovery: answer } });
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'transient', code: 'discovery' } });
      expect(other.requests.map(({ method }) => method)).toEqual(['GET']);
      await other.close();
    }
  });

  it('must be in the settings', () => {
    const request = { refreshToken: 'refresh-1', parameters: {} };
    return expect(refreshTokens(demo, { clientId: 'a', clientSecret: 'b' }, request)).rejects.toMatchObject({
      name: 'SettingError',
    });
  });
});
