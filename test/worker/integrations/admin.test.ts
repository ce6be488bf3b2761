import { describe, expect, it } from 'vitest';
import type { CleanupView, IncompleteView } from '../../../src/domain/integrations/views.ts';
import { newId } from '../../../src/lib/ids.ts';
import { change, countingTrips } from '../../support/connections.ts';
import { linked, linkRows, rest } from '../../support/integrations.ts';
import { insert, newPerson, newToken } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

const serviceToken = (scope: string) => newToken(owner, { kind: 'service', scopes: JSON.stringify([scope]) });

async function newService(): Promise<string> {
  const id = `s_${newId()}`;
  await insert(owner, 'services', { id, name: 'A store', type: 'storage', provider: 'demo', connector_id: 'demo' });
  return id;
}

describe('what is incomplete', () => {
  it('is found across users with the reason, by pages, in one trip', async () => {
    const service = await newService();
    const people = [await newPerson(owner), await newPerson(owner), await newPerson(owner)];
    const tokenExpiresAt = '2099-01-01T00:00:00Z';
    const states = [{ status: 'revoked' }, { status: 'expired' }, {}];
    for (const [i, person] of people.entries()) {
      const { connectionId } = await linked(person, { serviceId: service, accessToken: 'x', tokenExpiresAt });
      await change(connectionId ?? '', states[i] ?? {});
    }
    const { token } = await serviceToken('admin:read');
    const { trips, json } = await countingTrips(() =>
      rest('GET', `/admin/integrations/incomplete?service=${service}&limit=1`, { token }),
    );
    expect(trips).toBe(1);
    const address = `/admin/integrations/incomplete?service=${service}&cursor=${String(json.next_cursor)}`;
    const next = await rest('GET', address, { token });
    expect(next.json.next_cursor).toBeNull();
    const items = [json, next.json].flatMap((page) => page.items as Record<string, unknown>[]);
    const expected = ['refresh_revoked', 'refresh_expired'].map((issue, i) => ({
      user_id: people[i]?.userId,
      email: people[i]?.email,
      integration_id: expect.any(String),
      service,
      service_name: 'A store',
      issue,
      external_user_id: null,
      display_label: null,
      updated_at: expect.stringMatching(/Z$/),
    }));
    expect(items).toHaveLength(2);
    expect(items).toEqual(expect.arrayContaining(expected));
  });

  it('of a service that is not in the catalogue is service.not_found', async () => {
    const { token } = await serviceToken('admin:read');
    const refused = await call('integrations.findIncomplete', { service: 'pigeon' }, { token, method: 'GET' });
    expect(refused).toMatchObject({ status: 404, code: 'service.not_found' });
  });

  it('is for administrators and service tokens', async () => {
    const admin = await newPerson(owner, { user: { platform_role: 'admin' } });
    const me = await newPerson(owner);
    const ask = (token: string) =>
      call<{ items: IncompleteView[] }>('integrations.findIncomplete', {}, { token, method: 'GET' });
    expect((await ask(admin.token)).status).toBe(200);
    expect(await ask(me.token)).toMatchObject({ status: 403, code: 'role.missing' });
    expect((await ask((await serviceToken('integrations:read')).token)).status).toBe(403);
  });
});

describe('cleaning up', () => {
  const cleanup = (token: string, input: object) => call<CleanupView>('integrations.cleanup', input, { token });

  it('only says what would go, until it is told to delete', async () => {
    const me = await newPerson(owner);
    const { token } = await serviceToken('admin:write');
    const [id, kept] = [newId(), newId()];
    const longAgo = new Date(Date.now() - 172_800_000).toISOString();
    await insert(owner, 'user_integrations', { id, user_id: me.userId, service_id: 'gmail', updated_at: longAgo });
    await insert(owner, 'user_integrations', { id: kept, user_id: me.userId, service_id: 'google_calendar' });
    const { trips, data: dry } = await countingTrips(() => cleanup(token, {}));
    expect(trips).toBe(1);
    expect(dry).toMatchObject({ dryRun: true, deleted: 0 });
    expect(dry.integrationIds).toContain(id);
    expect(dry.integrationIds).not.toContain(kept);
    expect(await linkRows(me.userId)).toHaveLength(2);
    const { data: done } = await cleanup(token, { dryRun: false });
    expect(done).toMatchObject({ dryRun: false, hasMore: false });
    expect(done.deleted).toBeGreaterThanOrEqual(1);
    expect((await linkRows(me.userId)).map((row) => row.id)).toEqual([kept]);
  });

  it('sent again deletes no more, and says what it deleted', async () => {
    const me = await newPerson(owner);
    const { token } = await serviceToken('admin:write');
    const headers = { 'idempotency-key': newId() };
    const again = () =>
      call<CleanupView>('integrations.cleanup', { dryRun: false, maxRows: 10_000 }, { token, headers });
    const orphan = async () => {
      const id = newId();
      const updatedAt = new Date(Date.now() - 172_800_000).toISOString();
      await insert(owner, 'user_integrations', { id, user_id: me.userId, service_id: 'gmail', updated_at: updatedAt });
      return id;
    };
    const first = await orphan();
    const { data: done } = await again();
    expect(done.integrationIds).toContain(first);
    const second = await orphan();
    expect((await again()).data).toEqual(done);
    expect((await linkRows(me.userId)).map((row) => row.id)).toEqual([second]);
    await owner.query('delete from user_integrations where id = $1', [second]);
  });

  it('answers in the names of cleanup_orphaned_integrations', async () => {
    const { token } = await serviceToken('admin:write');
    const { json } = await rest('POST', '/admin/integrations/cleanup', { token, body: { max_rows: 1 } });
    expect(Object.keys(json).toSorted()).toEqual(['deleted', 'dry_run', 'has_more', 'integration_ids', 'orphaned']);
  });

  it('is for administrators and service tokens', async () => {
    const me = await newPerson(owner);
    expect(await cleanup(me.token, { dryRun: false })).toMatchObject({ status: 403, code: 'role.missing' });
    const { token } = await serviceToken('admin:read');
    expect(await cleanup(token, {})).toMatchObject({ status: 403 });
  });
});
