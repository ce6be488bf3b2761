import { describe, expect, it } from 'vitest';
import type { IntegrationView } from '../../../src/domain/integrations/views.ts';
import { newId } from '../../../src/lib/ids.ts';
import { countingTrips } from '../../support/connections.ts';
import { grantRows, link, linked, linkEvents, linkRows, rest } from '../../support/integrations.ts';
import { newPerson, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

const update = ({ token, userId }: Person, integrationId: string, change: object) =>
  call<IntegrationView>('integrations.update', { userId, integrationId, ...change }, { token });

const unlink = ({ token, userId }: Person, integrationId: string) =>
  call('integrations.unlink', { userId, integrationId }, { token });

const telegram = (given: object = {}) => ({ serviceId: 'telegram', externalUserId: newId(), ...given });

describe('changing a linked account', () => {
  it('changes what is given, leaves the rest, and answers the whole of it in one trip', async () => {
    const me = await newPerson(owner);
    const before = await linked(me, telegram({ displayLabel: 'Home', externalUsername: '@ada', metadata: { a: 1 } }));
    const { trips, data } = await countingTrips(() => update(me, before.id, { displayLabel: 'Work' }));
    expect(trips).toBe(1);
    expect(data).toEqual({ ...before, displayLabel: 'Work', updatedAt: data.updatedAt });
    const cleared = await update(me, before.id, { displayLabel: null, externalUsername: null, metadata: { b: 2 } });
    expect(cleared.data).toMatchObject({ displayLabel: null, externalUsername: null, metadata: { b: 2 } });
    expect((await update(me, before.id, {})).data).toMatchObject({ metadata: { b: 2 } });
  });

  it('chooses the primary account, one at a time, by either name of the flag', async () => {
    const me = await newPerson(owner);
    const [a, b] = [await linked(me, telegram()), await linked(me, telegram())];
    const flags = async () => (await linkRows(me.userId)).map(({ metadata }) => metadata);
    expect((await update(me, b.id, { isPrimary: true })).data.isPrimary).toBe(true);
    expect(await flags()).toEqual([{}, { primary: true }]);
    expect((await update(me, a.id, { metadata: { primary: true, c: 3 } })).data.isPrimary).toBe(true);
    expect(await flags()).toEqual([{ primary: true, c: 3 }, {}]);
    await update(me, a.id, { metadata: { c: 4 } });
    expect(await flags()).toEqual([{ primary: true, c: 4 }, {}]);
    await update(me, b.id, { isPrimary: true });
    expect((await update(me, b.id, { metadata: { primary: false } })).data.isPrimary).toBe(false);
    expect(await flags()).toEqual([{ c: 4 }, {}]);
  });

  it('brings a disconnected one back, and tells other systems', async () => {
    const me = await newPerson(owner);
    const { id } = await linked(me, telegram());
    await update(me, id, { isActive: false });
    expect((await update(me, id, { isActive: true })).data).toMatchObject({ isActive: true, health: 'works' });
    const types = (await linkEvents(me.userId)).map(({ type }) => type);
    expect(types).toEqual(['integration.linked', 'integration.unlinked', 'integration.linked']);
  });

  it('is refused for one that is not there', async () => {
    const me = await newPerson(owner);
    expect(await update(me, newId(), { displayLabel: 'x' })).toMatchObject({
      status: 404,
      code: 'integration.not_found',
    });
  });
});

describe('disconnecting', () => {
  it('is soft, in one trip: the account and its grant stay, and linking again has them back', async () => {
    const me = await newPerson(owner);
    const gmail = { serviceId: 'gmail', externalUserId: 'ada@example.com' };
    const { id } = await linked(me, { ...gmail, accessToken: 'ya29.x', displayLabel: 'Work' });
    expect(await countingTrips(() => unlink(me, id))).toMatchObject({ trips: 1, status: 200, data: {} });
    expect(await linkRows(me.userId)).toMatchObject([{ id, is_active: false }]);
    expect(await grantRows(me.userId)).toHaveLength(1);
    expect((await link(me, gmail)).data).toMatchObject({ id, isActive: true, displayLabel: 'Work' });
  });

  it('twice is the same as once', async () => {
    const me = await newPerson(owner);
    const { id } = await linked(me, telegram());
    expect([(await unlink(me, id)).status, (await unlink(me, id)).status]).toEqual([200, 200]);
    const types = (await linkEvents(me.userId)).map(({ type }) => type);
    expect(types).toEqual(['integration.linked', 'integration.unlinked']);
  });

  it('is refused for one that is not there', async () => {
    const me = await newPerson(owner);
    expect(await unlink(me, newId())).toMatchObject({ status: 404, code: 'integration.not_found' });
  });
});

describe('in REST', () => {
  it('are the addresses and names of requirement 1', async () => {
    const me = await newPerson(owner);
    const body = { service_id: 'telegram', external_user_id: 'telegram_456', display_label: 'Personal Telegram' };
    const made = await rest('POST', `/users/${me.userId}/integrations`, { token: me.token, body });
    expect(made).toMatchObject({ status: 200, json: { service: 'telegram', service_name: 'Telegram' } });
    const address = `/users/${me.userId}/integrations/${String(made.json.id)}`;
    const changed = await rest('PUT', address, { token: me.token, body: { display_label: 'Mine', is_primary: true } });
    expect(changed.json).toMatchObject({ display_label: 'Mine', is_primary: true, metadata: { primary: true } });
    expect(Object.keys(changed.json).filter((key) => /[A-Z]/.test(key))).toEqual([]);
    expect(await rest('DELETE', address, me)).toMatchObject({ status: 200, json: {} });
    expect((await rest('GET', address, me)).json).toMatchObject({ is_active: false, health: 'inactive' });
    const all = await rest('GET', `/users/me/integrations?service=telegram&limit=10`, me);
    expect(all.json).toMatchObject({ items: [{ external_user_id: 'telegram_456' }], next_cursor: null });
  });
});
