import { describe, expect, it } from 'vitest';
import {
  change,
  issuer,
  letPass,
  newConnected,
  newDue,
  outboxOf,
  unsealed,
  vaultRow,
} from '../../support/connections.ts';
import { addFault } from '../../support/fault-proxy.ts';
import { newId } from '../../../src/lib/ids.ts';
import { newPerson, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

const refresh = ({ userId, token }: Person, connectionId: string) =>
  call('oauth.connections.refresh', { userId, connectionId }, { token });

describe('a refresh by hand', () => {
  it('does not wait until it is due, and shows no token', async () => {
    const { person, connectionId } = await newConnected();
    const before = await unsealed(connectionId, 'access_token');
    const { data, status } = await refresh(person, connectionId);
    expect(status).toBe(200);
    expect(data).toEqual({ expiresAt: expect.any(String), scopes: expect.arrayContaining(['openid']) });
    expect(await unsealed(connectionId, 'access_token')).not.toBe(before);
    expect(await vaultRow(connectionId)).toMatchObject({ version: '2' });
  });

  it('pauses for thirty seconds after the last refresh: then it answers what there is', async () => {
    const { person, connectionId } = await newConnected();
    await refresh(person, connectionId);
    expect((await refresh(person, connectionId)).status).toBe(200);
    expect(await vaultRow(connectionId)).toMatchObject({ version: '2' });
    await owner.query("update oauth_connections set last_refresh_at = now() - interval '31 seconds' where id = $1", [
      connectionId,
    ]);
    await refresh(person, connectionId);
    expect(await vaultRow(connectionId)).toMatchObject({ version: '3' });
  });

  it('says that it did not work, though the old token is still good, and breaks nothing', async () => {
    const { person, id, grant } = await newDue();
    await addFault(issuer, { fault: { kind: 'status', status: 503 }, when: { subject: grant.subject } });
    expect((await refresh(person, id)).code).toBe('connection.failing');
    expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '1' });
  });

  it('of one that has no refresh token answers what there is', async () => {
    const { person, id } = await newDue({ refresh_token: null });
    expect((await refresh(person, id)).status).toBe(200);
    expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '1' });
  });

  it.each(['revoked', 'expired'])('of one that is %s is refused: a person has to connect it again', async (status) => {
    const { person, id } = await newDue({ status });
    expect((await refresh(person, id)).code).toBe('connection.needs_reauthorization');
  });

  it('gives one in error another chance: what was wrong with its seals may have been mended', async () => {
    const { person, id } = await newDue({ status: 'error', next_refresh_at: null });
    expect((await refresh(person, id)).status).toBe(200);
    expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '2' });
    expect((await vaultRow(id))?.next_refresh_at).not.toBeNull();
  });

  it('of one in error that still does not open is refused, and no second event', async () => {
    const { person, id } = await newDue({ refresh_token: 'gatehouse:1:spoilt' });
    await letPass(id, 'expired');
    for (let again = 0; again < 3; again += 1) {
      expect((await refresh(person, id)).code).toBe('connection.needs_reauthorization');
    }
    expect(await vaultRow(id)).toMatchObject({ status: 'error', failure_count: 3 });
    expect((await outboxOf(id)).map(({ type }) => type)).toEqual(['connection.needs_reauthorization']);
  });

  it('of nothing is not found', async () => {
    expect((await refresh(await newPerson(owner), newId())).code).toBe('connection.not_found');
  });

  it('does not take away another’s lease', async () => {
    const { person, id } = await newDue();
    const lease = newId();
    await change(id, { lease_id: lease, lease_until: new Date(Date.now() + 3_000).toISOString() });
    const answer = refresh(person, id);
    await new Promise((done) => setTimeout(done, 1_000));
    expect(await vaultRow(id)).toMatchObject({ version: '1', lease_id: lease });
    await change(id, { lease_id: null, lease_until: null });
    expect((await answer).status).toBe(200);
    expect(await vaultRow(id)).toMatchObject({ version: '2' });
  });
});
