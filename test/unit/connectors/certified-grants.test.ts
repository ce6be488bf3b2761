import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../src/connectors/demo.ts';
import { connectAuthorizationUrl, redeemGrant, refreshTokens, revokeGrant } from '../../../src/connectors/flow.ts';
import type { Grant } from '../../../src/connectors/types.ts';
import { randomSecret } from '../../../src/lib/secrets.ts';
import { addFault, type Fault } from '../../support/fault-proxy.ts';
import { startTestProvider, type TestProvider } from '../../support/oidc-provider/start.ts';
import { type Account, grantsOf, newAccount, revokeGrant as takeBack, signInAt } from '../../support/oidc-provider.ts';

const PUBLIC_URL = 'http://localhost:8787';
const redirectUri = `${PUBLIC_URL}/oauth/callback/demo`;
const parameters = {};

let provider: TestProvider;
beforeAll(async () => void (provider = await startTestProvider(PUBLIC_URL)));
afterAll(() => provider.close());

/** To the provider, where the person agrees, and back with a grant. */
async function connect(account: Account, scopes: readonly string[] = []): Promise<Grant> {
  const request = { state: randomSecret(), browserSecret: randomSecret(), redirectUri, scopes, parameters };
  const url = await connectAuthorizationUrl(demo, provider, request);
  const params = new URL(await signInAt(url, account)).searchParams;
  return redeemGrant(demo, provider, { ...request, params });
}

const refreshTokenOf = ({ tokens }: Grant): string => tokens.refreshToken ?? 'none was given';
const refresh = (refreshToken: string, deadlineMs?: number) =>
  refreshTokens(demo, provider, { refreshToken, parameters, deadlineMs });
const failed = (failureClass: string, code: string) => ({ kind: 'failed', failure: { class: failureClass, code } });

describe('a grant of a certified OpenID provider', () => {
  it('holds an account, tokens that can be refreshed, and the scopes that were given', async () => {
    const account = newAccount({ refusedScopes: ['files.read'] });
    const grant = await connect(account, ['calendar.read', 'files.read']);
    expect(grant.accountId).toBe(account.subject);
    expect(grant.metadata).toEqual({ account_id: account.subject, email: account.email });
    expect(grant.identity).toMatchObject({ issuer: provider.issuer, subject: account.subject, isEmailVerified: true });
    expect([...grant.scopes].sort()).toEqual(['calendar.read', 'email', 'offline_access', 'openid', 'profile']);
    expect(grant.tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: 3600, refreshExpiresIn: null });
  });

  it('is refreshed; a refresh token used again ends it, for whoever used it first as well', async () => {
    const grant = await connect(newAccount());
    const first = await refresh(refreshTokenOf(grant));
    if (first.kind !== 'refreshed') throw new Error(first.failure.code);
    expect(first.tokens.accessToken).not.toBe(grant.tokens.accessToken);
    expect(first.tokens.refreshToken).toBeTypeOf('string');
    expect(await refresh(refreshTokenOf(grant))).toMatchObject(failed('permanent', 'invalid_grant'));
    expect(await refresh(first.tokens.refreshToken ?? '')).toMatchObject(failed('permanent', 'invalid_grant'));
  });

  it('keeps its refresh token where the provider does not rotate', async () => {
    const grant = await connect(newAccount({ rotation: 'none' }));
    for (let round = 0; round < 3; round += 1) {
      expect(await refresh(refreshTokenOf(grant))).toMatchObject({ kind: 'refreshed', tokens: { refreshToken: null } });
    }
  });

  it('is dead when the person takes it back', async () => {
    const account = newAccount();
    const grant = await connect(account);
    const [given] = await grantsOf(provider.issuer, account.subject);
    await takeBack(provider.issuer, given?.grantId ?? '');
    expect(await refresh(refreshTokenOf(grant))).toMatchObject(failed('permanent', 'invalid_grant'));
  });

  it('outlives a wrong client secret', async () => {
    const refreshToken = refreshTokenOf(await connect(newAccount()));
    const wrong = { ...provider, clientSecret: 'wrong' };
    const refused = await refreshTokens(demo, wrong, { refreshToken, parameters });
    expect(refused).toMatchObject(failed('configuration', 'invalid_client'));
    expect((await refresh(refreshToken)).kind).toBe('refreshed');
  });

  it.each(['refresh_token', 'access_token'] as const)('is ended by its %s, and again', async (tokenType) => {
    const account = newAccount();
    const grant = await connect(account);
    const token = tokenType === 'refresh_token' ? refreshTokenOf(grant) : grant.tokens.accessToken;
    expect(await revokeGrant(demo, provider, { token, tokenType, parameters })).toEqual({ kind: 'revoked' });
    expect(await refresh(refreshTokenOf(grant))).toMatchObject(failed('permanent', 'invalid_grant'));
    expect(await revokeGrant(demo, provider, { token, tokenType, parameters })).toEqual({ kind: 'revoked' });
  });

  it('is not ended by another client', async () => {
    const grant = await connect(newAccount());
    const request = { token: refreshTokenOf(grant), tokenType: 'refresh_token' as const, parameters };
    const refused = await revokeGrant(demo, { ...provider, clientSecret: 'wrong' }, request);
    expect(refused).toMatchObject(failed('configuration', 'invalid_client'));
    expect((await refresh(refreshTokenOf(grant))).kind).toBe('refreshed');
  });
});

describe('a refresh whose answer does not come as it should', () => {
  /** What the refresh says, and whether the refresh token is still good after it. */
  const meeting = async (fault: Fault, deadlineMs?: number) => {
    const account = newAccount();
    const refreshToken = refreshTokenOf(await connect(account));
    await addFault(provider.issuer, { fault, times: 1, when: { subject: account.subject } });
    const outcome = await refresh(refreshToken, deadlineMs);
    const again = await refresh(refreshToken);
    return { outcome, isStillGood: again.kind === 'refreshed' };
  };

  it.each<[Fault, string, string]>([
    [{ kind: 'status', status: 503 }, 'transient', 'http_503'],
    [{ kind: 'html', status: 403 }, 'transient', 'http_403'],
    [{ kind: 'too_many', retryAfter: '7' }, 'transient', 'http_429'],
    [{ kind: 'oauth_error', status: 401, error: 'invalid_client' }, 'configuration', 'invalid_client'],
    [{ kind: 'oauth_error', status: 200, error: 'server_error' }, 'transient', 'server_error'],
  ])('because of %j: nothing was spent', async (fault, failureClass, code) => {
    const { outcome, isStillGood } = await meeting(fault);
    expect(outcome).toMatchObject(failed(failureClass, code));
    expect(isStillGood).toBe(true);
  });

  it.each<[Fault, string]>([
    [{ kind: 'drop_after_commit' }, 'network'],
    [{ kind: 'delay', ms: 3000 }, 'timeout'],
    [{ kind: 'not_json', isCommitted: true }, 'not_json'],
    [{ kind: 'endless', isCommitted: true }, 'too_long'],
    [{ kind: 'reshape', members: { access_token: null } }, 'answer_invalid'],
  ])('because of %j: it may be spent, and is', async (fault, code) => {
    const { outcome, isStillGood } = await meeting(fault, 500);
    expect(outcome).toMatchObject(failed('ambiguous', code));
    expect(isStillGood).toBe(false);
  });

  it('is good in another form, and without a lifetime', async () => {
    for (const fault of [{ kind: 'form' }, { kind: 'reshape', members: { expires_in: null } }] as const) {
      expect((await meeting(fault)).outcome).toMatchObject({ kind: 'refreshed', tokens: { expiresIn: 3600 } });
    }
  });
});
