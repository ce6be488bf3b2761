import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { countingTrips, losingAnswers, unsealed } from '../../support/connections.ts';
import { bulkLink, grantRows, linked, linkEvents, linkRows, rest } from '../../support/integrations.ts';
import { newPerson, newToken, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

type BulkUnlinked = { total: number; succeeded: number; results: Record<string, unknown>[] };

const bulkUnlink = ({ token, userId }: Person, services: unknown[]) =>
  call<BulkUnlinked>('integrations.bulkUnlink', { userId, services }, { token });

describe('linking many', () => {
  it('takes a thousand in one trip, and one bad item spoils nothing', async () => {
    const me = await newPerson(owner);
    const services = Array.from({ length: 1000 }, (_, i): unknown => {
      if (i % 100 === 7) return { serviceId: 'pigeon', externalUserId: String(i), accessToken: 'x' };
      if (i % 100 === 8) return { serviceId: 'telegram' };
      if (i % 100 === 9) return { serviceId: 'gmail', accessToken: 5 };
      if (i % 5 === 0) return { serviceId: 'gmail', externalUserId: `${i}@example.com`, accessToken: `ya29.${i}` };
      return { serviceId: 'telegram', externalUserId: `telegram_${i}`, displayLabel: `No ${i}` };
    });
    const { trips, status, data } = await countingTrips(() => bulkLink(me, services));
    expect([trips, status]).toEqual([1, 200]);
    expect(data).toMatchObject({ total: 1000, succeeded: 970, failed: 30 });
    expect(data.results.map(({ index }) => index)).toEqual(services.map((_, i) => i));
    expect(data.results.slice(7, 10)).toEqual([
      {
        index: 7,
        serviceId: 'pigeon',
        success: false,
        code: 'service.not_found',
        message: 'There is no service "pigeon".',
      },
      {
        index: 8,
        serviceId: 'telegram',
        success: false,
        code: 'integration.incomplete',
        message: expect.stringContaining('external_user_id'),
      },
      {
        index: 9,
        serviceId: 'gmail',
        success: false,
        code: 'input.invalid',
        message: expect.stringContaining('accessToken'),
      },
    ]);
    const rows = await linkRows(me.userId);
    const ids = data.results.flatMap(({ integrationId }) => integrationId ?? []);
    expect(rows.map(({ id }) => String(id)).toSorted()).toEqual(ids.toSorted());
    const grants = await grantRows(me.userId);
    expect(grants).toHaveLength(200);
    expect(JSON.stringify(grants)).not.toContain('ya29');
    const some = rows.find((row) => row.external_user_id === '500@example.com');
    expect(await unsealed(String(some?.connection_id), 'access_token')).toBe('ya29.500');
  });

  it('takes two trips as `me` with tokens', async () => {
    const me = await newPerson(owner);
    const input = { userId: 'me', services: [{ serviceId: 'gmail', accessToken: 'ya29.me' }] };
    const { trips, status } = await countingTrips(() => call('integrations.bulkLink', input, me));
    expect([trips, status]).toEqual([2, 200]);
    const [grant] = await grantRows(me.userId);
    expect(await unsealed(String(grant?.id), 'access_token')).toBe('ya29.me');
  });

  it('links an account that stands in the list twice once', async () => {
    const me = await newPerson(owner);
    const one = { serviceId: 'telegram', externalUserId: '1' };
    const { data } = await bulkLink(me, [one, { ...one, displayLabel: 'Later' }]);
    expect(data.results[0]?.integrationId).toBe(data.results[1]?.integrationId);
    expect(await linkRows(me.userId)).toMatchObject([{ display_label: 'Later' }]);
  });

  it('answers a list of nothing but bad items, once it knows who asks', async () => {
    const me = await newPerson(owner);
    const { status, data } = await bulkLink(me, ['gmail', null, 7, [], { service: 'gmail' }]);
    expect([status, data.failed, data.results.every(({ code }) => code === 'input.invalid')]).toEqual([200, 5, true]);
    await owner.query('update user_sessions set revoked_at = now() where id = $1', [me.sessionId]);
    expect((await bulkLink(me, [null])).status).toBe(401);
  });

  it('refuses more than a thousand, and none', async () => {
    const me = await newPerson(owner);
    const many = Array.from({ length: 1001 }, (_, i) => ({ serviceId: 'telegram', externalUserId: String(i) }));
    expect(await bulkLink(me, many)).toMatchObject({ status: 400, code: 'input.invalid' });
    expect(await bulkLink(me, [])).toMatchObject({ status: 400, code: 'input.invalid' });
    expect(await linkRows(me.userId)).toEqual([]);
  });

  it('takes a thousand with tokens as long as providers make them, and no endless body', async () => {
    const me = await newPerson(owner);
    const accessToken = `ya29.${'a'.repeat(800)}`;
    const wrong = Array.from({ length: 1000 }, (_, i) => ({
      serviceId: 'pigeon',
      externalUserId: `${i}`,
      accessToken,
    }));
    expect((await bulkLink(me, wrong)).data).toMatchObject({ total: 1000, failed: 1000 });
    const endless = wrong.map((item) => ({ ...item, refreshToken: accessToken.repeat(3) }));
    expect(await bulkLink(me, endless)).toMatchObject({ status: 413, code: 'body.too_large' });
    const elsewhere = { ...me, body: { services: wrong } };
    const { status } = await rest('POST', '/users/me/integrations/bulk-unlink', elsewhere);
    expect(status).toBe(413);
  });

  it('is user.not_found as a whole for a user nobody is', async () => {
    const { token } = await newToken(owner, { kind: 'service', scopes: '["integrations:write"]' });
    const input = { userId: newId(), services: [{ serviceId: 'telegram', externalUserId: '1' }] };
    expect(await call('integrations.bulkLink', input, { token })).toMatchObject({
      status: 404,
      code: 'user.not_found',
    });
  });

  it('seals for a service that came later: the catalogue is read once', async () => {
    const me = await newPerson(owner);
    const id = `s_${newId()}`;
    await owner.query(
      "insert into services (id, name, type, provider, connector_id) values ($1, 'New', 'storage', 'demo', 'demo')",
      [id],
    );
    const services = ['a', 'b'].map((externalUserId) => ({
      serviceId: id,
      externalUserId,
      accessToken: externalUserId,
    }));
    const { trips, data } = await countingTrips(() => bulkLink(me, services));
    expect([trips, data.succeeded]).toEqual([3, 2]);
    for (const row of await linkRows(me.userId)) {
      expect(await unsealed(String(row.connection_id), 'access_token')).toBe(row.external_user_id);
    }
  });

  it('sent again is the same: after a lost answer, and with its Idempotency-Key', async () => {
    const me = await newPerson(owner);
    const services = ['1', '2'].map((externalUserId) => ({ serviceId: 'telegram', externalUserId }));
    const headers = { 'idempotency-key': `key-${newId()}` };
    const first = await losingAnswers([1], () => bulkLink(me, services, headers));
    const again = await bulkLink(me, services, headers);
    expect(again.data).toEqual(first.data);
    expect(await linkEvents(me.userId)).toHaveLength(2);
  });
});

describe('unlinking many', () => {
  it('disconnects accounts, or all of a service, and says how many were active', async () => {
    const me = await newPerson(owner);
    for (const externalUserId of ['1', '2', '3']) await linked(me, { serviceId: 'telegram', externalUserId });
    await linked(me, { serviceId: 'signal', externalUserId: '9' });
    const services = [
      { serviceId: 'telegram', externalUserId: '2' },
      { serviceId: 'pigeon' },
      { serviceId: 'telegram' },
      { externalUserId: '9' },
      { serviceId: 'telegram' },
    ];
    const { trips, data } = await countingTrips(() => bulkUnlink(me, services));
    expect(trips).toBe(1);
    expect(data).toMatchObject({ total: 5, succeeded: 3 });
    expect(data.results).toMatchObject([
      { index: 0, serviceId: 'telegram', success: true, unlinked: 1 },
      { index: 1, serviceId: 'pigeon', success: false, code: 'service.not_found' },
      { index: 2, success: true, unlinked: 2 },
      { index: 3, serviceId: null, success: false, code: 'input.invalid' },
      { index: 4, success: true, unlinked: 0 },
    ]);
    const active = (await linkRows(me.userId)).filter((row) => row.is_active);
    expect(active.map((row) => row.service_id)).toEqual(['signal']);
  });
});

describe('in REST', () => {
  it('has the keys of bulk_link_services_to_user', async () => {
    const me = await newPerson(owner);
    const services = [
      { service_id: 'gmail', access_token: 'ya29.token' },
      { service_id: 'telegram', external_user_id: 'telegram_456' },
      { service_id: 'pigeon' },
    ];
    const { status, json } = await rest('POST', `/users/${me.userId}/integrations/bulk`, {
      token: me.token,
      body: { services },
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      total: 3,
      succeeded: 2,
      failed: 1,
      results: [
        { index: 0, service_id: 'gmail', success: true, integration_id: expect.any(String) },
        { index: 1, service_id: 'telegram', success: true, integration_id: expect.any(String) },
        { index: 2, service_id: 'pigeon', success: false, code: 'service.not_found', message: expect.any(String) },
      ],
    });
    const unlinked = await rest('POST', `/users/me/integrations/bulk-unlink`, {
      token: me.token,
      body: { services: [{ service_id: 'gmail' }] },
    });
    expect(unlinked.json.results).toEqual([{ index: 0, service_id: 'gmail', success: true, unlinked: 1 }]);
  });
});
