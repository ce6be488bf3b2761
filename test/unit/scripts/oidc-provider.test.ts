import { createHash } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type OidcProvider, startOidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { type Account, cancelAt, newAccount, signInAt } from '../../support/oidc-provider.ts';

const redirectUri = 'http://localhost:8787/oauth/callback/demo';
const codeVerifier = 'a-verifier-of-this-test-with-at-least-43-characters';
let provider: OidcProvider;

beforeAll(async () => void (provider = await startOidcProvider({ redirectUris: [redirectUri], autoLogin: true })));
afterAll(() => provider.close());

function authorizationUrl(changes: Record<string, string | null> = {}): string {
  const params = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    scope: 'openid email profile',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== null);
  return `${provider.issuer}/auth?${new URLSearchParams(given)}`;
}

interface TokenAnswer {
  readonly status: number;
  readonly error?: string;
  readonly id_token: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

async function askToken(params: Record<string, string>, secret = provider.clientSecret): Promise<TokenAnswer> {
  const response = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${provider.clientId}:${secret}`)}` },
    body: new URLSearchParams({ redirect_uri: redirectUri, code_verifier: codeVerifier, ...params }),
  });
  return { status: response.status, ...((await response.json()) as Omit<TokenAnswer, 'status'>) };
}

const redeem = (code: string) => askToken({ grant_type: 'authorization_code', code });
const refresh = (refreshToken: string) => askToken({ grant_type: 'refresh_token', refresh_token: refreshToken });

async function codeOf(account: Account, changes: Record<string, string> = {}): Promise<string> {
  return new URL(await signInAt(authorizationUrl(changes), account)).searchParams.get('code') ?? '';
}

/** How many of 20 at once are answered with tokens. */
async function successesOf(ask: () => Promise<TokenAnswer>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  return answers.filter(({ status }) => status === 200).length;
}

const offline = { scope: 'openid offline_access', prompt: 'consent' };

function claimsOf(idToken: string): unknown {
  return JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString());
}

/** A browser at the provider's page: the address the page's form goes to, and the cookies it needs. */
async function openPage(): Promise<{ html: string; action: string; cookie: string }> {
  const redirect = await fetch(authorizationUrl(), { redirect: 'manual' });
  const cookie = redirect.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const action = new URL(redirect.headers.get('location') ?? '', provider.issuer).href;
  return { html: await (await fetch(action, { headers: { cookie } })).text(), action, cookie };
}

async function choose({ action, cookie }: { action: string; cookie: string }, form: Record<string, string>) {
  const init = { headers: { cookie }, redirect: 'manual' } as const;
  const chosen = await fetch(action, { ...init, method: 'POST', body: new URLSearchParams(form) });
  const back = await fetch(new URL(chosen.headers.get('location') ?? '', provider.issuer), init);
  return new URL(back.headers.get('location') ?? '').searchParams;
}

describe('the local OpenID provider', () => {
  it('describes itself', async () => {
    const metadata = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
    expect(metadata).toMatchObject({
      issuer: provider.issuer,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
  });

  it('gives a code, and for the code an ID token that says who it is', async () => {
    const account = newAccount();
    const callback = new URL(await signInAt(authorizationUrl(), account));
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({ state: 'state-1', iss: provider.issuer });
    const { id_token: idToken } = await redeem(callback.searchParams.get('code') ?? '');
    expect(claimsOf(idToken)).toMatchObject({
      iss: provider.issuer,
      aud: provider.clientId,
      nonce: 'nonce-1',
      sub: account.subject,
      email: account.email,
      email_verified: true,
      name: account.name,
      picture: expect.stringMatching(/^https:/),
    });
  });

  it('says of an address that is not verified that it is not', async () => {
    const { id_token: idToken } = await redeem(await codeOf(newAccount({ isEmailVerified: false })));
    expect(claimsOf(idToken)).toMatchObject({ email_verified: false });
  });

  it.each(['evil.example', 'demo.localhost', 'localhost.evil.example'])(
    'DNS rebinding: tells nothing to a page of %s',
    async (name) => {
      const { port } = new URL(provider.address);
      const ask = (host: string, path: string) =>
        new Promise<number>((done, refuse) => {
          const request = sendRequest({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
            response.resume().on('end', () => done(response.statusCode ?? 0));
          });
          request.on('error', refuse).end();
        });
      for (const path of ['/.well-known/openid-configuration', '/auth', '/me', '/nothing']) {
        expect(await ask(`${name}:${port}`, path)).toBe(403);
        expect(await ask(`localhost:${port}`, path)).not.toBe(403);
      }
    },
  );

  it('sends a browser back to any port at loopback, and to no other path', async () => {
    const elsewhere = redirectUri.replace('8787', '5173');
    expect(await signInAt(authorizationUrl({ redirect_uri: elsewhere }), newAccount())).toContain(elsewhere);
    const refused = await fetch(authorizationUrl({ redirect_uri: `${redirectUri}/other` }), { redirect: 'manual' });
    expect(refused.status).toBe(400);
  });

  it('wants PKCE, the right verifier, and the right secret', async () => {
    const plain = authorizationUrl({ code_challenge: null, code_challenge_method: null });
    expect(new URL(await signInAt(plain, newAccount())).searchParams.get('error')).toBe('invalid_request');
    const code = await codeOf(newAccount());
    const grant = { grant_type: 'authorization_code', code };
    expect(await askToken({ ...grant, code_verifier: codeVerifier.replace('a', 'b') })).toMatchObject({ status: 400 });
    expect(await askToken(grant, 'another secret')).toMatchObject({ status: 401, error: 'invalid_client' });
  });

  it('takes a code once; the second time ends what the first one gave', async () => {
    const code = await codeOf(newAccount(), offline);
    const first = await redeem(code);
    expect(await redeem(code)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
  });

  it('gives another refresh token each time; an old one used again ends all of the grant', async () => {
    const first = await redeem(await codeOf(newAccount(), offline));
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await refresh(second.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
  });

  it('gives tokens to one of many that bring the same code, or the same refresh token, at once', async () => {
    const code = await codeOf(newAccount(), offline);
    expect(await successesOf(() => redeem(code))).toBe(1);
    const { refresh_token: refreshToken } = await redeem(await codeOf(newAccount(), offline));
    expect(await successesOf(() => refresh(refreshToken))).toBe(1);
  });

  it('tells the same person to who asks for them with the access token', async () => {
    const account = newAccount();
    const { access_token: accessToken } = await redeem(await codeOf(account));
    const headers = { authorization: `Bearer ${accessToken}` };
    const told = await (await fetch(`${provider.issuer}/me`, { headers })).json();
    expect(told).toMatchObject({ sub: account.subject, email: account.email, email_verified: true });
  });

  it('asks each time who it is, so that nobody is signed in without a page', async () => {
    const silent = new URL(await cancelAt(authorizationUrl({ prompt: 'none' })));
    expect(silent.searchParams.get('error')).toBe('login_required');
    const asked = await cancelAt(authorizationUrl({ prompt: 'login' }));
    expect(new URL(asked).searchParams.get('error')).toBe('access_denied');
  });

  it('remembers more than a thousand grants', async () => {
    const first = await redeem(await codeOf(newAccount(), offline));
    for (let started = 0; started < 2100; started += 1) await fetch(authorizationUrl(), { redirect: 'manual' });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
  });
});

describe('its page', () => {
  it('offers its people, in one step', async () => {
    const page = await openPage();
    expect(page.html).toContain('ada@example.com (not verified)');
    const grace = provider.accounts.find(({ name }) => name === 'Grace Hopper')?.subject ?? '';
    const code = (await choose(page, { account: grace })).get('code') ?? '';
    expect(claimsOf((await redeem(code)).id_token)).toMatchObject({ sub: grace, email: 'grace@example.com' });
  });

  it('can be left by Cancel', async () => {
    const answer = await choose(await openPage(), { cancel: 'yes' });
    expect(Object.fromEntries(answer)).toMatchObject({
      error: 'access_denied',
      state: 'state-1',
      iss: provider.issuer,
    });
  });

  it('comes in spite of a login hint, but in tests', async () => {
    const everyday = await startOidcProvider({ redirectUris: [redirectUri] });
    onTestFinished(() => everyday.close());
    const url = authorizationUrl().replace(provider.issuer, everyday.issuer);
    await expect(signInAt(url, newAccount())).rejects.toThrow('Who signs in?');
  });

  it('offers other subjects where the issuer is another', async () => {
    const other = await startOidcProvider({ redirectUris: [redirectUri] });
    onTestFinished(() => other.close());
    const subjects = [...provider.accounts, ...other.accounts].map(({ subject }) => subject);
    expect(new Set(subjects).size).toBe(6);
  });

  it('is of the browser that came for it', async () => {
    const { action } = await openPage();
    const stolen = await fetch(action, { method: 'POST', body: new URLSearchParams({ cancel: 'yes' }) });
    expect(stolen.status).toBe(400);
  });
});
