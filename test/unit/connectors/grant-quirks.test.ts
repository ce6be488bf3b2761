import { describe, expect, it } from 'vitest';
import { demo } from '../../../src/connectors/demo.ts';
import { connectAuthorizationUrl } from '../../../src/connectors/flow.ts';
import { apple } from '../../../src/connectors/apple.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { linkedin } from '../../../src/connectors/linkedin.ts';
import { microsoft } from '../../../src/connectors/microsoft.ts';
import { slack } from '../../../src/connectors/slack.ts';
import type { Claims, Connector } from '../../../src/connectors/types.ts';
import { BROWSER_SECRET, REDIRECT_URI, STATE } from './support/provider.ts';
import { testProviders } from './support/started.ts';

const { start, providerOf } = testProviders();

describe('how long a token lives', () => {
  const provider = providerOf(demo);
  const [year, hour] = [31_536_000, 3600];
  const refreshedFor = async (expires_in: unknown) => {
    await provider().connect();
    const outcome = await provider().refresh({ token: { expires_in } });
    return outcome.kind === 'refreshed' ? outcome.tokens.expiresIn : outcome.failure.code;
  };

  it.each<[unknown, number]>([
    [1, 1],
    [7200, 7200],
    ['7200', 7200],
    ['7200.9', 7200],
    [7200.9, 7200],
    [year * 10, year * 10],
    [year * 1000, year * 10],
    ['99999999999999999999', year * 10],
    // Nothing of use: what the connector says then.
    [undefined, hour],
    [null, hour],
    [0, hour],
    ['0', hour],
    [0.5, hour],
    [-1, hour],
    ['-1', hour],
    ['soon', hour],
    ['', hour],
    ['1e3', hour],
    [{}, hour],
    [[7200], hour],
    [true, hour],
  ])('%j becomes %i seconds', async (given, seconds) => expect(await refreshedFor(given)).toBe(seconds));

  it('is an hour, where neither the answer nor the connector says and it can be refreshed', async () => {
    const gitHub = await start(github);
    await gitHub.connect();
    const outcome = await gitHub.refresh({ token: { expires_in: undefined } });
    expect(outcome).toMatchObject({ kind: 'refreshed', tokens: { expiresIn: hour } });
  });

  it('is told of a refresh token only where there is one', async () => {
    const { tokens } = await provider().receive({ token: { refresh_token: undefined } });
    expect(tokens).toMatchObject({ refreshToken: null, refreshExpiresIn: null, expiresIn: hour });
  });
});

describe('a refresh token', () => {
  const provider = providerOf(demo);

  it.each([undefined, null, ''])('stays as it is when a refresh answers %j for one', async (refresh_token) => {
    await provider().connect();
    const outcome = await provider().refresh({ token: { refresh_token } });
    expect(outcome).toMatchObject({ kind: 'refreshed', tokens: { refreshToken: null } });
  });

  it('may be 8 KiB long', async () => {
    await provider().connect();
    const long = 'r'.repeat(8192);
    const outcome = await provider().refresh({ token: { refresh_token: long, access_token: long } });
    expect(outcome).toMatchObject({ kind: 'refreshed', tokens: { refreshToken: long, accessToken: long } });
  });

  it('is not taken from a code when it is none', async () => {
    const received = provider().receive({ token: { refresh_token: 'a\nb' } });
    await expect(received).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: 'refresh_token' });
  });
});

describe('what was granted', () => {
  const provider = providerOf(demo);
  const refreshedScopes = async (scope: unknown) => {
    await provider().connect();
    const outcome = await provider().refresh({ token: { scope } });
    return outcome.kind === 'refreshed' ? outcome.tokens.scopes : outcome.failure.code;
  };

  it('is what was asked for, where the answer says nothing (RFC 6749 §5.1)', async () => {
    const { scopes, tokens } = await provider().receive({ token: { scope: undefined } });
    expect(scopes).toEqual(['openid', 'email', 'profile', 'offline_access', 'calendar']);
    expect(tokens.scopes).toBeNull();
  });

  it('is less, where the person gave less', async () => {
    const { scopes } = await provider().receive({ token: { scope: 'openid', refresh_token: undefined } });
    expect(scopes).toEqual(['openid']);
  });

  it('is unchanged by a refresh that says nothing of it', async () => {
    expect(await refreshedScopes(undefined)).toBeNull();
    expect(await refreshedScopes('')).toBeNull();
    expect(await refreshedScopes('openid calendar')).toEqual(['openid', 'calendar', 'offline_access']);
  });

  it.each<[Connector, string, string]>([
    [google, 'https://www.googleapis.com/auth/userinfo.profile', 'profile'],
    [google, 'https://www.googleapis.com/auth/calendar', ''],
    [microsoft, 'https://graph.microsoft.com/Mail.Read', 'Mail.Read'],
    [microsoft, 'Files.ReadWrite.All', 'https://graph.microsoft.com/Files.ReadWrite.All'],
    [microsoft, 'email', ''],
    [microsoft, 'api://4711/Orders.Read', ''],
    [github, 'admin:org', 'write:org,read:org'],
    [github, 'gist', ''],
    [github, 'constructor', ''],
  ])('stands at $name under all of its names: %s', (connector, granted, also) => {
    expect(connector.grant?.impliedScopes?.(granted)).toEqual(also === '' ? [] : also.split(','));
  });
});

describe('what is asked for', () => {
  const client = { clientId: 'client-1', clientSecret: 'secret-1' };
  const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, parameters: {} };
  const paramsOf = async (connector: Connector, scopes: string[], extra: object = {}) => {
    const url = await connectAuthorizationUrl(connector, client, { ...request, scopes, ...extra });
    return new URL(url).searchParams;
  };

  it.each([
    ['two words', 'a b'],
    ['an empty one', ''],
    ['a quote', 'a"b'],
    ['a line break', 'a\nb'],
    ['beyond ASCII', 'é'],
    ['endless', 'a'.repeat(256)],
  ])('is refused when a scope is %s', (_, scope) =>
    expect(paramsOf(google, [scope])).rejects.toMatchObject({ code: 'input.invalid' }),
  );

  it('is refused when one scope would be two at this provider', async () => {
    await expect(paramsOf(slack, ['chat:write,admin'])).rejects.toMatchObject({ code: 'input.invalid' });
    expect((await paramsOf(google, ['a,b'])).get('scope')).toBe('openid email profile a,b');
  });

  it('is a hundred scopes at the most', async () => {
    const many = Array.from({ length: 98 }, (_, index) => `s${index}`);
    await expect(paramsOf(google, many)).rejects.toMatchObject({ code: 'input.invalid' });
    expect((await paramsOf(google, many.slice(1))).get('scope')?.split(' ')).toHaveLength(100);
  });

  it('is consent still, when an account is to be chosen as well', async () => {
    expect((await paramsOf(google, [], { prompt: 'select_account' })).get('prompt')).toBe('consent select_account');
    expect((await paramsOf(google, [], { prompt: 'consent' })).get('prompt')).toBe('consent');
    expect((await paramsOf(google, [], { loginHint: 'ada@example.com' })).get('login_hint')).toBe('ada@example.com');
  });

  it('is nothing of a connector that only says who somebody is', () =>
    expect(paramsOf(apple, [])).rejects.toMatchObject({ code: 'provider.unknown' }));

  it('does not change what a sign-in asks for', async () => {
    const provider = await start(google);
    await provider.connect();
    const { url } = await provider.authorize();
    expect(url.searchParams.get('scope')).toBe('openid email profile');
    expect(url.searchParams.get('access_type')).toBeNull();
  });
});

describe('a GitHub OAuth app', () => {
  const provider = providerOf(github);

  // better-auth #2765: no lifetime and no refresh token.
  it('gives a token that does not expire and needs no refresh', async () => {
    const body = { access_token: 'access-1', scope: 'repo,user', token_type: 'bearer' };
    const { tokens } = await provider().receive({ answers: { token: { body } } });
    expect(tokens).toMatchObject({ refreshToken: null, expiresIn: null, refreshExpiresIn: null });
  });

  it('does not pass a GitHub App off as one: that has permissions, and no scopes', async () => {
    const body = { access_token: 'access-1', scope: '', token_type: 'bearer', expires_in: 28_800 };
    const { scopes, tokens } = await provider().receive({ answers: { token: { body } } });
    expect({ scopes, granted: tokens.scopes }).toEqual({ scopes: [], granted: null });
  });
});

describe('a Slack app', () => {
  const provider = providerOf(slack);
  const installed = (token: Claims) => provider().receive({ token });

  it('keeps its token for good without rotation', async () => {
    const { tokens } = await installed({ expires_in: undefined, refresh_token: undefined });
    expect(tokens).toMatchObject({ accessToken: 'access-1', refreshToken: null, expiresIn: null });
  });

  it('belongs to the organisation that installed it for all of its workspaces', async () => {
    const enterprise = { id: 'E12345678', name: 'Slack Softball League' };
    const { accountId, metadata, identity } = await installed({ is_enterprise_install: true, team: null, enterprise });
    expect(accountId).toBe('E12345678');
    expect(identity.name).toBe('Slack Softball League');
    expect(metadata).toMatchObject({ enterprise_id: 'E12345678' });
  });

  it('is nobody without a workspace', async () => {
    for (const team of [null, {}, { id: '' }, { id: 1 }, 'T1']) {
      await expect(installed({ team })).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: 'subject' });
    }
  });

  it('is refused with status 200', () => {
    const token = { body: { ok: false, error: 'invalid_code' } };
    return expect(provider().receive({ answers: { token } })).rejects.toMatchObject({
      code: 'provider.refused',
      cause: 'invalid_code',
    });
  });

  it("never takes the person's token, which stands beside the bot's", async () => {
    const received = installed({ access_token: undefined });
    await expect(received).rejects.toMatchObject({ code: 'provider.answer_invalid' });
  });
});

describe('LinkedIn', () => {
  const provider = providerOf(linkedin);

  it('ends a refresh token a year after consent, also where it does not say so', async () => {
    const { tokens } = await provider().receive({ token: { refresh_token_expires_in: undefined } });
    expect(tokens.refreshExpiresIn).toBe(365 * 86_400);
    await provider().connect();
    const outcome = await provider().refresh({ token: { refresh_token_expires_in: undefined } });
    expect(outcome).toMatchObject({ kind: 'refreshed', tokens: { refreshExpiresIn: null } });
  });

  it('tells scopes with commas and with spaces', async () => {
    const { scopes } = await provider().receive({ token: { scope: 'openid profile email w_member_social' } });
    expect(scopes).toEqual(['openid', 'profile', 'email', 'w_member_social']);
  });

  it('gives no refresh token to most apps', async () => {
    const { tokens } = await provider().receive({ token: { refresh_token: undefined } });
    expect(tokens).toMatchObject({ refreshToken: null, refreshExpiresIn: null, expiresIn: 5_183_999 });
  });
});

describe('what is kept of an account', () => {
  it('is short text that a database stores, numbers and truths', async () => {
    const metadata = () => ({
      ok: 'text',
      count: 1,
      yes: true,
      long: 'x'.repeat(513),
      nul: 'a\0b',
      half: '\ud800',
      object: { a: 1 },
      none: null,
      missing: undefined,
      endless: Number.POSITIVE_INFINITY,
    });
    const { grant } = demo;
    const provider = await start({ ...demo, grant: grant && { ...grant, metadata } });
    expect((await provider.receive()).metadata).toEqual({ ok: 'text', count: 1, yes: true });
  });
});

describe('a connector may say', () => {
  const { grant } = demo;
  const saying = (change: Partial<Connector>) => start({ ...demo, ...change });

  it('where the tokens stand in the answer', async () => {
    const provider = await saying({ answer: { tokenPath: 'data.tokens' } });
    const tokens = { access_token: 'access-2', token_type: 'Bearer', expires_in: 60 };
    const outcome = await provider.refresh({ answers: { token: { body: { data: { tokens } } } } });
    expect(outcome).toMatchObject({ kind: 'refreshed', tokens: { accessToken: 'access-2', expiresIn: 60 } });
    const other = await provider.refresh({ answers: { token: { body: { data: { tokens: 'access-2' } } } } });
    expect(other).toMatchObject({ kind: 'failed', failure: { class: 'ambiguous' } });
  });

  it('where the error code stands', async () => {
    const provider = await saying({ answer: { errorPath: 'fault.type', errors: { expired: 'permanent' } } });
    for (const status of [200, 400, 401]) {
      const outcome = await provider.refresh({ answers: { token: { status, body: { fault: { type: 'expired' } } } } });
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'permanent', code: 'expired' } });
    }
  });

  it('that refreshing has an address of its own', async () => {
    const endpoint = 'https://provider.example/refresh';
    const provider = await saying({ grant: grant && { ...grant, refresh: { ...grant.refresh, endpoint } } });
    let asked = '';
    const fetch = async (url: string, init: RequestInit) => {
      if (init.method !== 'POST') return provider.fetch(url, init);
      asked = url;
      return Response.json({ access_token: 'access-2', token_type: 'Bearer' });
    };
    expect(await provider.refresh({}, { fetch })).toMatchObject({ kind: 'refreshed' });
    expect(asked).toBe(endpoint);
  });
});
