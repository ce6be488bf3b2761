import { describe, expect, it } from 'vitest';
import { getToken, issuer, letPass, newDue, outboxOf, trailOf, unsealed, vaultRow } from '../../support/connections.ts';
import { addFault, type Fault } from '../../support/fault-proxy.ts';
import { grantsOf, redemptionsOf, revokeGrant } from '../../support/oidc-provider.ts';
import { call, owner } from '../../support/worker.ts';

const explain = (person: { userId: string; token: string }, connectionId: string) =>
  call(
    'oauth.connections.explain',
    { userId: person.userId, connectionId },
    {
      token: person.token,
      method: 'GET',
    },
  );

describe('a grant that was taken back at the provider', () => {
  it('ends the connection, with the evidence, the reason for people, and the event', async () => {
    const { person, id, grant } = await newDue();
    await revokeGrant(issuer, grant.grantId);
    const { data } = await getToken(person);
    expect(data).toMatchObject({ status: 'needs_reauthorization', reason: 'revoked', code: 'invalid_grant' });
    expect(await vaultRow(id)).toMatchObject({
      status: 'revoked',
      version: '1',
      next_refresh_at: null,
      lease_id: null,
      last_failure: { class: 'permanent', code: 'invalid_grant', status: 400 },
    });
    expect((await trailOf(id)).at(-1)).toMatchObject({
      event: 'needs_reauthorization',
      evidence: { class: 'permanent', code: 'invalid_grant', status: 400, result: 'revoked', attempt: 1 },
    });
    expect((await outboxOf(id)).map(({ type }) => type)).toEqual(['connection.needs_reauthorization']);
    expect((await explain(person, id)).data).toMatchObject({ health: 'needs_reauthorization' });
    // Nobody asks the provider again.
    await getToken(person);
    expect((await redemptionsOf(issuer, grant.refreshToken)).failed).toBe(1);
  });
});

describe('a provider that does not answer', () => {
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['503', { kind: 'status', status: 503 }, 'http_503'],
    ['a firewall’s page', { kind: 'html', status: 403 }, 'http_403'],
    ['500 with JSON', { kind: 'oauth_error', status: 500, error: 'server_error' }, 'http_500'],
    ['an error that is no word on the grant', { kind: 'oauth_error', status: 400, error: 'slow' }, 'slow'],
  ];

  it.each(faults)('(%s) leaves the connection active, and the good token in use', async (_, fault, code) => {
    const { person, id, grant } = await newDue();
    const { remove } = await addFault(issuer, { fault, when: { subject: grant.subject } });
    expect((await getToken(person)).data).toMatchObject({ status: 'active', accessToken: grant.accessToken });
    expect(await vaultRow(id)).toMatchObject({
      status: 'active',
      version: '1',
      failure_count: 1,
      lease_id: null,
      last_failure: { class: 'transient', code },
    });
    expect(await outboxOf(id)).toEqual([]);
    expect((await explain(person, id)).data).toMatchObject({ health: 'failing', attempts: 1 });
    await remove();
    await letPass(id, 'due');
    expect((await getToken(person)).data.accessToken).not.toBe(grant.accessToken);
    expect(await vaultRow(id)).toMatchObject({ failure_count: 0, failing_since: null, last_failure: null });
    expect((await trailOf(id)).map(({ event }) => event)).toContain('recovered');
    expect((await explain(person, id)).data).toMatchObject({ health: 'healthy' });
  });

  it('is a refusal that says when to come back, once the token has run out; until then it is left alone', async () => {
    const { person, id, grant } = await newDue();
    const fault = await addFault(issuer, {
      fault: { kind: 'too_many', retryAfter: '120' },
      when: { subject: grant.subject },
    });
    await letPass(id, 'expired');
    for (let again = 0; again < 3; again += 1) {
      const { code, status, response } = await getToken(person);
      expect([code, status]).toEqual(['connection.failing', 503]);
      const wait = Number(response.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(110);
      expect(wait).toBeLessThanOrEqual(120);
    }
    expect(await fault.applied()).toBe(1);
    expect(await vaultRow(id)).toMatchObject({ status: 'active', failure_count: 1, last_failure: { status: 429 } });
  });

  it('is noted once in the trail for each new reason, and counted every time', async () => {
    const { person, id, grant } = await newDue();
    await addFault(issuer, { fault: { kind: 'status', status: 503 }, when: { subject: grant.subject } });
    for (let again = 0; again < 3; again += 1) {
      await letPass(id, 'due');
      await getToken(person);
    }
    expect(await vaultRow(id)).toMatchObject({ failure_count: 3 });
    expect((await trailOf(id)).filter(({ event }) => event === 'refresh_failed')).toHaveLength(1);
  });
});

describe('an answer that was lost', () => {
  it('is not taken for a dead grant; the token in hand is used to its end before the next try', async () => {
    const { person, id, grant } = await newDue();
    await addFault(issuer, { fault: { kind: 'drop_after_commit' }, times: 1, when: { subject: grant.subject } });
    expect((await getToken(person)).data).toMatchObject({ status: 'active', accessToken: grant.accessToken });
    expect(await vaultRow(id)).toMatchObject({ status: 'active', last_failure: { class: 'ambiguous' } });
    const [row] = await owner.query<{ wait: number }>(
      'select extract(epoch from expires_at - next_refresh_at)::float8 as wait from oauth_connections where id = $1',
      [id],
    );
    expect(row?.wait).toBeLessThan(61);
    expect(row?.wait).toBeGreaterThan(0);
    await getToken(person);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('is told apart in the evidence, when the token turns out to be spent', async () => {
    const { person, id, grant } = await newDue();
    await addFault(issuer, { fault: { kind: 'drop_after_commit' }, times: 1, when: { subject: grant.subject } });
    await getToken(person);
    await letPass(id, 'expired');
    expect((await getToken(person)).data).toMatchObject({ status: 'needs_reauthorization', reason: 'revoked' });
    expect(await vaultRow(id)).toMatchObject({ last_failure: { code: 'invalid_grant', afterUnanswered: true } });
    expect((await grantsOf(issuer, grant.subject)).map(({ isAlive }) => isAlive)).toEqual([false]);
  });
});

describe('an answer in another shape', () => {
  it('without a refresh token leaves the one that there is', async () => {
    const { person, id, grant } = await newDue();
    await addFault(issuer, {
      fault: { kind: 'reshape', members: { refresh_token: null, scope: null } },
      when: { subject: grant.subject },
    });
    expect((await getToken(person)).data.status).toBe('active');
    expect(await unsealed(id, 'refresh_token')).toBe(grant.refreshToken);
    expect(await vaultRow(id)).toMatchObject({ version: '2', scopes: grant.scope });
  });
});
