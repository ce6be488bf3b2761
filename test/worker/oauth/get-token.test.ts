import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import {
  change,
  countingTrips,
  getToken,
  isTaken,
  issuer,
  letPass,
  newConnected,
  newDue,
  outboxOf,
  trailOf,
  unsealed,
  vaultRow,
} from '../../support/connections.ts';
import { countsAt } from '../../support/fault-proxy.ts';
import { redemptionsOf } from '../../support/oidc-provider.ts';
import { newPerson } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';

const reads = async (id: string) => (await trailOf(id)).filter(({ event }) => event === 'token_read');

/** A statement that says how many seconds a column is away. */
const secondsOf = async (id: string, column: string) => {
  const [row] = await owner.query<{ seconds: number | null }>(
    `select extract(epoch from ${column} - now())::float8 as seconds from oauth_connections where id = $1`,
    [id],
  );
  return row?.seconds ?? null;
};

describe('a token that is fresh', () => {
  it('comes from the vault: nobody asks the provider, and nothing but its use is written', async () => {
    const { person, connectionId, account } = await newConnected();
    const before = await vaultRow(connectionId);
    const { arrived } = await countsAt(issuer, { subject: account.subject });
    const { data } = await getToken(person);
    expect(data.accessToken).toBe(await unsealed(connectionId, 'access_token'));
    expect((await countsAt(issuer, { subject: account.subject })).arrived).toBe(arrived);
    const { last_used_at: usedAt, updated_at: _, ...after } = (await vaultRow(connectionId)) ?? {};
    expect(usedAt).not.toBeNull();
    expect(before).toMatchObject(after);
  });

  it('is noted in the trail with who read it, at most once a minute', async () => {
    const { person, connectionId } = await newConnected();
    await getToken(person);
    await getToken(person);
    expect(await reads(connectionId)).toEqual([
      { event: 'token_read', actor_kind: 'session', actor_id: person.sessionId, evidence: null },
    ]);
    const usedAt = (await vaultRow(connectionId))?.last_used_at;
    await getToken(person);
    expect((await vaultRow(connectionId))?.last_used_at).toEqual(usedAt);
    await owner.query("update oauth_connections set last_used_at = now() - interval '61 seconds' where id = $1", [
      connectionId,
    ]);
    await getToken(person);
    expect(await reads(connectionId)).toHaveLength(2);
  });

  it('may be one that does not run out', async () => {
    const { person, id } = await newDue({ expires_at: null, next_refresh_at: null });
    expect((await getToken(person)).data).toMatchObject({ status: 'active', expiresAt: null, connectionId: id });
    expect((await vaultRow(id))?.version).toBe('1');
  });
});

describe('a trip to the database', () => {
  it('is all that a fresh token costs, and a refresh one more', async () => {
    const { person } = await newConnected();
    for (const _ of ['first', 'again']) expect(await countingTrips(() => getToken(person))).toMatchObject({ trips: 1 });
    const due = await newDue();
    expect(await countingTrips(() => getToken(due.person))).toMatchObject({ trips: 2 });
  });
});

describe('somebody else’s refresh', () => {
  const held = { lease_id: newId(), lease_until: new Date(Date.now() + 600_000).toISOString() };

  it('that takes long keeps nobody waiting who has a good token', async () => {
    const { person, id, grant } = await newDue(held);
    const begunAt = Date.now();
    expect((await getToken(person)).data).toMatchObject({ status: 'active', accessToken: grant.accessToken });
    expect(Date.now() - begunAt).toBeLessThan(10_000);
    expect(await vaultRow(id)).toMatchObject({ version: '1', lease_id: held.lease_id });
  });

  it('is waited for by who has none, and then said to go on', async () => {
    const { person, id } = await newDue(held);
    await letPass(id, 'expired');
    const { code, status, response } = await getToken(person);
    expect([code, status, response.headers.get('retry-after')]).toEqual(['connection.busy', 503, '5']);
  });
});

describe('a token that is due', () => {
  it.each(['due', 'expired'] as const)('is refreshed first, once, when it is %s', async (what) => {
    const { person, id, grant } = await newDue();
    await letPass(id, what);
    const { data } = await getToken(person);
    expect(data).toMatchObject({ status: 'active', connectionId: id });
    expect(data.accessToken).not.toBe(grant.accessToken);
    expect(await isTaken(data.accessToken)).toBe(true);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    expect(await vaultRow(id)).toMatchObject({ version: '2', lease_id: null, lease_until: null, status: 'active' });
    expect(await unsealed(id, 'access_token')).toBe(data.accessToken);
    expect(await unsealed(id, 'refresh_token')).not.toBe(grant.refreshToken);
    expect(await secondsOf(id, 'last_refresh_at')).toBeGreaterThan(-10);
    expect(await secondsOf(id, 'next_refresh_at')).toBeGreaterThan(30 * 60);
    expect((await getToken(person)).data.accessToken).toBe(data.accessToken);
    expect((await vaultRow(id))?.version).toBe('2');
  });

  it('says when the new one runs out, in both places alike', async () => {
    const { person, id } = await newDue();
    const { data } = await getToken(person);
    const stored = Date.parse(String((await vaultRow(id))?.expires_at));
    expect(Math.abs(Date.parse(data.expiresAt ?? '') - stored)).toBeLessThan(5_000);
  });

  it('is noted as read, too', async () => {
    const { person, id } = await newDue();
    await getToken(person);
    expect(await reads(id)).toMatchObject([{ actor_id: person.sessionId }]);
  });

  it('is shared by callers at the same time: one of them refreshes', async () => {
    const { person, id, grant } = await newDue();
    const answers = await Promise.all(Array.from({ length: 8 }, () => getToken(person)));
    expect(new Set(answers.map(({ data }) => data.accessToken)).size).toBe(1);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    expect((await vaultRow(id))?.version).toBe('2');
  });
});

describe('there is no token', () => {
  it('when nothing is connected', async () => {
    expect((await getToken(await newPerson(owner))).data).toEqual({ status: 'not_connected' });
  });

  it('when it has run out and cannot be refreshed: the connection has expired, and that is an event', async () => {
    const { person, id, grant } = await newDue({ refresh_token: null });
    await letPass(id, 'expired');
    const expired = {
      status: 'needs_reauthorization',
      connectionId: id,
      connector: 'demo',
      accountId: grant.subject,
      reason: 'expired',
      code: 'no_refresh_token',
    };
    expect((await getToken(person)).data).toEqual(expired);
    expect((await getToken(person)).data).toEqual(expired);
    expect(await vaultRow(id)).toMatchObject({ status: 'expired', next_refresh_at: null });
    expect(await outboxOf(id)).toEqual([
      {
        type: 'connection.needs_reauthorization',
        user_id: person.userId,
        organization_id: null,
        payload: { connector: 'demo', accountId: grant.subject, reason: 'no_refresh_token' },
      },
    ]);
  });

  it('when the refresh token has run out as well', async () => {
    const { person, id } = await newDue({ refresh_expires_at: new Date(Date.now() - 1000).toISOString() });
    await letPass(id, 'expired');
    expect((await getToken(person)).data).toMatchObject({ reason: 'expired', code: 'refresh_token_expired' });
  });

  it('but while the last one is good it is given, refresh token or not', async () => {
    const past = new Date(Date.now() - 1000).toISOString();
    for (const columns of [{ refresh_token: null }, { refresh_expires_at: past }]) {
      const { person, id, grant } = await newDue(columns);
      expect((await getToken(person)).data).toMatchObject({ status: 'active', accessToken: grant.accessToken });
      expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '1' });
    }
  });

  it.each(['expired', 'revoked', 'error'] as const)('when it is %s already; nobody is asked', async (status) => {
    const { person, id, grant } = await newDue();
    await change(id, { status, last_failure: '{"class": "permanent", "code": "invalid_grant"}' });
    await letPass(id, 'expired');
    expect((await getToken(person)).data).toMatchObject({ reason: status, code: 'invalid_grant' });
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 0, failed: 0 });
  });
});
