import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startOidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { grantsOf, newAccount, redemptionsOf, revokeGrant, seedGrants } from '../../support/oidc-provider.ts';
import { connect, offlineUrl, post, redirectUri, refresh } from '../../support/oidc-provider/plain-client.ts';
import { startTestProvider, type TestProvider } from '../../support/oidc-provider/start.ts';

let provider: TestProvider;
beforeAll(async () => void (provider = await startTestProvider('http://localhost:8787')));
afterAll(() => provider.close());

const userInfo = (accessToken: string) =>
  fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });

describe('the scopes of a grant', () => {
  it('are what was asked for, when nothing is left out', async () => {
    const { scope } = await connect(provider, newAccount(), 'calendar.read files.read');
    expect(scope.split(' ')).toEqual(expect.arrayContaining(['offline_access', 'calendar.read', 'files.read']));
  });

  it('lack what the person leaves out, and a later refresh does not bring it', async () => {
    const account = newAccount({ refusedScopes: ['calendar.read'] });
    const first = await connect(provider, account, 'calendar.read files.read');
    expect(first.scope.split(' ')).toContain('files.read');
    expect(first.scope.split(' ')).not.toContain('calendar.read');
    expect((await refresh(provider, first.refresh_token)).scope).toBe(first.scope);
  });

  it('grow when the same person is asked again', async () => {
    const account = newAccount();
    expect((await connect(provider, account, 'files.read')).scope).not.toContain('calendar.read');
    const { scope } = await connect(provider, { ...account, refusedScopes: [] }, 'files.read calendar.read');
    expect(scope.split(' ')).toEqual(expect.arrayContaining(['files.read', 'calendar.read']));
    expect(await grantsOf(provider.issuer, account.subject)).toHaveLength(2);
  });

  it('are chosen by tick on the page, which shows those that are asked for', async () => {
    const everyday = await startOidcProvider({ redirectUris: [redirectUri] });
    onTestFinished(() => everyday.close());
    const start = await fetch(offlineUrl(everyday, 'calendar.read files.read'), { redirect: 'manual' });
    const cookie = start.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const page = new URL(start.headers.get('location') ?? '', everyday.issuer).href;
    const html = await (await fetch(page, { headers: { cookie } })).text();
    expect(html).toMatch(/name="scope" value="calendar.read" checked> Read your calendar/);
    expect(html).toContain('value="files.read" checked');
    const person = everyday.accounts[0]?.subject ?? '';
    const body = new URLSearchParams({ account: person, scope: 'files.read' });
    const chosen = await fetch(page, { method: 'POST', headers: { cookie }, body, redirect: 'manual' });
    const resume = new URL(chosen.headers.get('location') ?? '', everyday.issuer);
    const back = await fetch(resume, { headers: { cookie }, redirect: 'manual' });
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    const codeVerifier = 'a-verifier-of-this-test-with-at-least-43-characters';
    const answer = await post(everyday, '/token', { ...form, code_verifier: codeVerifier });
    const { scope } = (await answer.json()) as { scope: string };
    expect(scope.split(' ')).toEqual(expect.arrayContaining(['offline_access', 'files.read']));
    expect(scope).not.toContain('calendar.read');
  });
});

describe('refresh tokens', () => {
  it('are redeemed once, are counted, and one used again ends the grant', async () => {
    const account = newAccount();
    const first = await connect(provider, account);
    const second = await refresh(provider, first.refresh_token);
    expect(second.status).toBe(200);
    const alive = { isAlive: true, succeeded: 1, failed: 0, mostPerToken: 1 };
    expect(await grantsOf(provider.issuer, account.subject)).toMatchObject([alive]);
    expect(await refresh(provider, first.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await refresh(provider, second.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await redemptionsOf(provider.issuer, first.refresh_token)).toEqual({ succeeded: 1, failed: 1 });
    const ended = { isAlive: false, succeeded: 1, failed: 2, mostPerToken: 1 };
    expect(await grantsOf(provider.issuer, account.subject)).toMatchObject([ended]);
  });

  it('stay the same without rotation, and are not said again', async () => {
    const account = newAccount({ rotation: 'none' });
    const { refresh_token: refreshToken } = await connect(provider, account);
    for (const _ of [1, 2, 3]) {
      const answer = await refresh(provider, refreshToken);
      expect(answer).toMatchObject({ status: 200, access_token: expect.any(String) });
      expect(answer).not.toHaveProperty('refresh_token');
    }
    expect(await redemptionsOf(provider.issuer, refreshToken)).toEqual({ succeeded: 3, failed: 0 });
    expect(await grantsOf(provider.issuer, account.subject)).toMatchObject([{ isAlive: true, mostPerToken: 3 }]);
  });

  it('are ended with their grant by RFC 7009, whichever of its tokens is named', async () => {
    for (const kind of ['refresh_token', 'access_token'] as const) {
      const tokens = await connect(provider, newAccount());
      const form = { token: tokens[kind], token_type_hint: kind };
      expect((await post(provider, '/token/revocation', form)).status).toBe(200);
      expect(await refresh(provider, tokens.refresh_token)).toMatchObject({ error: 'invalid_grant' });
    }
  });
});

describe('access tokens', () => {
  it('live as long as the provider, or the person, says', async () => {
    const quick = await startTestProvider('http://localhost:8787', { accessTokenSeconds: 90 });
    onTestFinished(() => quick.close());
    expect((await connect(quick, newAccount())).expires_in).toBe(90);
    const { refresh_token: refreshToken } = await connect(quick, newAccount({ accessTokenSeconds: 7 }));
    expect((await refresh(quick, refreshToken)).expires_in).toBe(7);
    expect((await connect(provider, newAccount())).expires_in).toBe(3600);
  });
});

describe('a provider that keeps a file', () => {
  it('knows its grants again at the next start, and what was revoked or used up stays so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-provider-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const account = newAccount();
    const keptIn = join(folder, 'provider.json');
    const options = { clientSecret: 'kept', redirectUris: [redirectUri], accounts: [account], keptIn };
    const before = await startOidcProvider({ ...options, autoLogin: true });
    const [used, kept, given] = [
      await connect(before, account),
      await connect(before, account),
      await connect(before, account),
    ];
    const next = await refresh(before, kept.refresh_token);
    await post(before, '/token/revocation', { token: given.refresh_token });
    await refresh(before, used.refresh_token);
    await before.close();
    expect(statSync(keptIn).mode & 0o777).toBe(0o600);
    const after = await startOidcProvider(options);
    onTestFinished(() => after.close());
    expect((await refresh(after, next.refresh_token)).status).toBe(200);
    expect(await refresh(after, given.refresh_token)).toMatchObject({ error: 'invalid_grant' });
    expect(await refresh(after, used.refresh_token)).toMatchObject({ error: 'invalid_grant' });
  });
});

describe('seeded grants', () => {
  it('are as good as those that somebody signed in for', async () => {
    const [grant, other] = await seedGrants(provider.issuer, 2, { accessTokenSeconds: 60, scope: 'openid files.read' });
    if (!grant || !other) throw new Error('nothing was seeded');
    expect(grant).toMatchObject({ expiresIn: 60, scope: 'openid files.read' });
    expect(grant.subject).not.toBe(other.subject);
    expect(await (await userInfo(grant.accessToken)).json()).toMatchObject({ sub: grant.subject });
    const next = await refresh(provider, grant.refreshToken);
    expect(next).toMatchObject({ status: 200, scope: 'openid files.read', expires_in: 60 });
    expect(next.refresh_token).not.toBe(grant.refreshToken);
    await revokeGrant(provider.issuer, other.grantId);
    expect(await grantsOf(provider.issuer, other.subject)).toMatchObject([{ isAlive: false }]);
    expect(await refresh(provider, other.refreshToken)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect((await userInfo(other.accessToken)).status).toBe(401);
  });

  it('come in thousands, and the sums say whether one was redeemed twice', async () => {
    const many = await startOidcProvider({ redirectUris: [redirectUri], tokenDelayMs: 20 });
    onTestFinished(() => many.close());
    const seeded = await many.grants.seed(5_000, { rotation: 'none' });
    expect(new Set(seeded.map(({ refreshToken }) => refreshToken)).size).toBe(5_000);
    const [first, second] = seeded;
    const startedAt = performance.now();
    await refresh(many, first?.refreshToken ?? '');
    expect(performance.now() - startedAt).toBeGreaterThan(15);
    await refresh(many, second?.refreshToken ?? '');
    await refresh(many, 'of another provider');
    expect(many.grants.totals()).toMatchObject({ grants: 5_000, succeeded: 2, failed: 1, mostPerGrant: 1 });
    await refresh(many, first?.refreshToken ?? '');
    expect(many.grants.totals()).toMatchObject({ succeeded: 3, mostPerGrant: 2, mostPerToken: 2 });
    expect(await many.grants.isAlive(second?.grantId ?? '')).toBe(true);
  });
});
