import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addFault, countsAt, type Fault } from '../../support/fault-proxy.ts';
import { newAccount, type SeededGrant } from '../../support/oidc-provider.ts';
import { connect, post, refresh } from '../../support/oidc-provider/plain-client.ts';
import { startTestProvider, type TestProvider } from '../../support/oidc-provider/start.ts';

let provider: TestProvider;
beforeAll(async () => void (provider = await startTestProvider('http://localhost:8787')));
afterAll(() => provider.close());

async function newGrant(): Promise<SeededGrant> {
  const [grant] = await provider.grants.seed(1);
  if (!grant) throw new Error('nothing was seeded');
  return grant;
}

/** One refresh that meets this fault: what came back, and what the provider says about the grant afterwards. */
async function refreshWith(fault: Fault) {
  const grant = await newGrant();
  const set = provider.faults.add({ fault, times: 1, when: { subject: grant.subject } });
  const form = { grant_type: 'refresh_token', refresh_token: grant.refreshToken };
  const response = await post(provider, '/token', form).catch(() => null);
  const text = (await response?.text().catch(() => 'broken off')) ?? '';
  expect(set.applied()).toBe(1);
  return {
    status: response?.status,
    headers: response?.headers,
    text,
    grant,
    ...provider.grants.redemptionsOf(grant.refreshToken),
  };
}

describe('the provider behind the proxy', () => {
  it('is the issuer, in its metadata and in every address there', async () => {
    const metadata = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
    expect(provider.issuer).not.toBe(provider.address);
    expect(metadata).toMatchObject({
      issuer: provider.issuer,
      token_endpoint: `${provider.issuer}/token`,
      revocation_endpoint: `${provider.issuer}/token/revocation`,
    });
  });

  it('gives grants and refreshes them, when nothing is to go wrong', async () => {
    const account = newAccount();
    const { refresh_token: refreshToken } = await connect(provider, account);
    expect((await refresh(provider, refreshToken)).status).toBe(200);
    const counted = { arrived: 2, forwarded: 2, mostAtOnce: 1, faults: { pass: 2 } };
    expect(provider.faults.counts({ subject: account.subject })).toEqual(counted);
  });
});

describe('a fault', () => {
  it.each<[Fault, number, RegExp]>([
    [{ kind: 'status', status: 503 }, 503, /Not now/],
    [{ kind: 'html', status: 403 }, 403, /<h1>Request blocked/],
    [{ kind: 'too_many', retryAfter: '7' }, 429, /rate_limited/],
    [{ kind: 'oauth_error', status: 200, error: 'bad_refresh_token' }, 200, /"error":"bad_refresh_token"/],
    [{ kind: 'oauth_error', status: 401, error: 'invalid_client' }, 401, /invalid_client/],
    [{ kind: 'not_json' }, 200, /^{"access_token":"cut/],
  ])('answers for the provider, which hears of nothing: %j', async (fault, status, text) => {
    const met = await refreshWith(fault);
    expect(met).toMatchObject({ status, succeeded: 0, failed: 0 });
    expect(met.text).toMatch(text);
    expect((await refresh(provider, met.grant.refreshToken)).status).toBe(200);
  });

  it('can come after the provider did its work: the token that was brought is spent', async () => {
    const met = await refreshWith({ kind: 'status', status: 503, isCommitted: true });
    expect(met).toMatchObject({ status: 503, succeeded: 1 });
    expect(await refresh(provider, met.grant.refreshToken)).toMatchObject({ error: 'invalid_grant' });
    expect(await provider.grants.isAlive(met.grant.grantId)).toBe(false);
  });

  it('says when to come again: in seconds, or at a date', async () => {
    expect((await refreshWith({ kind: 'too_many', retryAfter: '120' })).headers?.get('retry-after')).toBe('120');
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect((await refreshWith({ kind: 'too_many', retryAfter: date })).headers?.get('retry-after')).toBe(date);
    expect((await refreshWith({ kind: 'too_many' })).headers?.has('retry-after')).toBe(false);
  });

  it('drops the answer after the provider committed, and leaves the grant alive', async () => {
    const met = await refreshWith({ kind: 'drop_after_commit' });
    expect(met).toMatchObject({ status: undefined, succeeded: 1, failed: 0 });
    expect(await provider.grants.isAlive(met.grant.grantId)).toBe(true);
    expect(await refresh(provider, met.grant.refreshToken)).toMatchObject({ error: 'invalid_grant' });
  });

  it('refuses: the connection breaks and nothing happened', async () => {
    const met = await refreshWith({ kind: 'refuse' });
    expect(met).toMatchObject({ status: undefined, succeeded: 0, failed: 0 });
    expect((await refresh(provider, met.grant.refreshToken)).status).toBe(200);
  });

  it('sends the true answer in another shape: form-encoded, or with other members', async () => {
    const encoded = await refreshWith({ kind: 'form' });
    expect(encoded.headers?.get('content-type')).toBe('application/x-www-form-urlencoded');
    const next = new URLSearchParams(encoded.text).get('refresh_token') ?? '';
    expect((await refresh(provider, next)).status).toBe(200);
    const reshaped = await refreshWith({ kind: 'reshape', members: { token_type: null, expires_in: '3599' } });
    expect(JSON.parse(reshaped.text)).toMatchObject({ expires_in: '3599', access_token: expect.any(String) });
    expect(JSON.parse(reshaped.text)).not.toHaveProperty('token_type');
  });

  it('goes on and on until the client has enough', async () => {
    const grant = await newGrant();
    provider.faults.add({ fault: { kind: 'endless' }, times: 1, when: { subject: grant.subject } });
    const response = await post(provider, '/token', { grant_type: 'refresh_token', refresh_token: grant.refreshToken });
    const reader = response.body?.getReader();
    let size = 0;
    while (size < 4 * 1024 * 1024) size += (await reader?.read())?.value?.length ?? Infinity;
    expect(size).toBeLessThan(Infinity);
    await reader?.cancel();
    expect(provider.grants.redemptionsOf(grant.refreshToken)).toEqual({ succeeded: 0, failed: 0 });
  });

  it.each([
    ['answer', 1],
    ['request', 0],
  ] as const)('is late with the %s; for a client that gives up, %i redemption', async (where, succeeded) => {
    const grant = await newGrant();
    const fault = { kind: 'delay', ms: 30_000, where } as const;
    const set = provider.faults.add({ fault, times: 1, when: { subject: grant.subject } });
    const client = new AbortController();
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: grant.refreshToken });
    const headers = { authorization: `Basic ${btoa(`${provider.clientId}:${provider.clientSecret}`)}` };
    const init = { method: 'POST', headers, body, signal: client.signal };
    const given = fetch(`${provider.issuer}/token`, init).then(
      () => 'answered',
      () => 'given up',
    );
    await set.reached();
    client.abort();
    expect(await given).toBe('given up');
    expect(provider.grants.redemptionsOf(grant.refreshToken)).toEqual({ succeeded, failed: 0 });
  });

  it('ends in time for who waits', async () => {
    const met = await refreshWith({ kind: 'delay', ms: 30, where: 'request' });
    expect(met).toMatchObject({ status: 200, succeeded: 1 });
  });
});

describe('a rule', () => {
  it('holds for so many requests; the next rule comes after it', async () => {
    const { subject, refreshToken } = await newGrant();
    provider.faults.add({ fault: { kind: 'status', status: 503 }, times: 2, when: { subject } });
    provider.faults.add({ fault: { kind: 'html', status: 403 }, times: 1, when: { subject } });
    const statuses: number[] = [];
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    for (const _ of [1, 2, 3, 4]) statuses.push((await post(provider, '/token', form)).status);
    expect(statuses).toEqual([503, 503, 403, 200]);
  });

  it('is of one person, also when the refresh token is another by now', async () => {
    const [mine, others] = [await newGrant(), await newGrant()];
    const next = (await refresh(provider, mine.refreshToken)).refresh_token;
    provider.faults.add({
      fault: { kind: 'oauth_error', status: 400, error: 'slow' },
      when: { subject: mine.subject },
    });
    expect(await refresh(provider, next)).toMatchObject({ error: 'slow' });
    expect((await refresh(provider, others.refreshToken)).status).toBe(200);
  });

  it('can be for one refresh token, one client, one kind of grant', async () => {
    const { subject, refreshToken } = await newGrant();
    const fault = { kind: 'oauth_error', status: 400, error: 'met' } as const;
    provider.faults.add({ fault, when: { subject, clientId: 'another' } });
    provider.faults.add({ fault, when: { subject, grantType: 'authorization_code' } });
    provider.faults.add({ fault, when: { subject, refreshToken: 'another' } });
    const { refresh_token: next } = await refresh(provider, refreshToken);
    provider.faults.add({
      fault,
      when: { clientId: provider.clientId, grantType: 'refresh_token', refreshToken: next },
    });
    expect(await refresh(provider, next)).toMatchObject({ error: 'met' });
  });

  it('can be for revocation, which is counted by itself', async () => {
    const { subject, refreshToken, grantId } = await newGrant();
    provider.faults.add({
      fault: { kind: 'status', status: 503 },
      times: 1,
      when: { endpoint: 'revocation', subject },
    });
    const revoke = () => post(provider, '/token/revocation', { token: refreshToken });
    expect([(await revoke()).status, await provider.grants.isAlive(grantId)]).toEqual([503, true]);
    expect([(await revoke()).status, await provider.grants.isAlive(grantId)]).toEqual([200, false]);
    const counts = provider.faults.counts({ endpoint: 'revocation', subject });
    expect(counts).toMatchObject({ arrived: 2, forwarded: 1, faults: { status: 1, pass: 1 } });
    expect(provider.faults.counts({ subject })).toMatchObject({ arrived: 0 });
  });

  it('can be set, looked at and removed by fetch alone', async () => {
    const { subject, refreshToken } = await newGrant();
    const set = await addFault(provider.issuer, { fault: { kind: 'status', status: 503 }, when: { subject } });
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expect((await post(provider, '/token', form)).status).toBe(503);
    expect(await set.applied()).toBe(1);
    await set.remove();
    expect((await refresh(provider, refreshToken)).status).toBe(200);
    expect(await countsAt(provider.issuer, { subject })).toMatchObject({ arrived: 2, forwarded: 1 });
  });

  it('counts how many requests were under way at once', async () => {
    const { subject, refreshToken } = await newGrant();
    provider.faults.add({ fault: { kind: 'delay', ms: 100, where: 'request' }, when: { subject } });
    await Promise.all([1, 2, 3].map(() => refresh(provider, refreshToken)));
    expect(provider.faults.counts({ subject })).toMatchObject({ arrived: 3, mostAtOnce: 3 });
    expect(provider.grants.redemptionsOf(refreshToken)).toEqual({ succeeded: 1, failed: 2 });
  });
});

it('the proxy ends in the middle of what it holds back', async () => {
  const other = await startTestProvider('http://localhost:8787');
  const [grant] = await other.grants.seed(1);
  const set = other.faults.add({ fault: { kind: 'delay', ms: 60_000 } });
  const waiting = refresh(other, grant?.refreshToken ?? '').then(
    () => 'answered',
    () => 'broken off',
  );
  await set.reached();
  await other.close();
  expect(await waiting).toBe('broken off');
  await expect(fetch(other.issuer)).rejects.toThrow();
});
