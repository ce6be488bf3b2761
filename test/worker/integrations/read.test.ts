import { describe, expect, it } from 'vitest';
import type { IntegrationView, UserView } from '../../../src/domain/integrations/views.ts';
import { newId } from '../../../src/lib/ids.ts';
import { change, countingTrips, newDue } from '../../support/connections.ts';
import { byBackend, linked, rest } from '../../support/integrations.ts';
import { newPerson, newToken, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

type Page = { items: IntegrationView[]; nextCursor: string | null };

const list = ({ token, userId }: Person, input: object = {}) =>
  call<Page>('integrations.list', { userId, ...input }, { token });

const get = async ({ token }: Person, integrationId: string) =>
  (await call<IntegrationView>('integrations.get', { userId: 'me', integrationId }, { token })).data;

const telegram = (displayLabel?: string) => ({ serviceId: 'telegram', externalUserId: newId(), displayLabel });

describe('the catalogue', () => {
  it('is for anybody, and says what a browser can connect here', async () => {
    const { status, json } = await rest('GET', '/services');
    expect(status).toBe(200);
    const services = json.items as Record<string, unknown>[];
    expect(services.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gmail', 'google_calendar', 'telegram', 'signal', 'whatsapp']),
    );
    expect(services.find(({ id }) => id === 'demo_calendar')).toMatchObject({
      name: 'Demo Calendar',
      type: 'calendar',
      provider: 'demo',
      connector: 'demo',
      scopes: ['calendar.read'],
      is_active: true,
      is_connectable: true,
    });
    expect(services.find(({ id }) => id === 'telegram')).toMatchObject({ type: 'messaging', is_connectable: false });
  });
});

describe('the list', () => {
  it('is one trip, pages by cursor in the order of linking, and has disconnected accounts too', async () => {
    const me = await newPerson(owner);
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push((await linked(me, telegram())).id);
    await owner.query('update user_integrations set is_active = false where id = $1', [ids[1]]);
    const { trips, data: first } = await countingTrips(() => list(me, { limit: 2 }));
    expect(trips).toBe(1);
    const { data: second } = await list(me, { limit: 2, cursor: first.nextCursor });
    const { data: last } = await list(me, { limit: 2, cursor: second.nextCursor });
    expect([...first.items, ...second.items, ...last.items].map(({ id }) => id)).toEqual(ids);
    expect(last.nextCursor).toBeNull();
    expect(first.items.map(({ health }) => health)).toEqual(['works', 'inactive']);
  });

  it('can be of one service alone', async () => {
    const me = await newPerson(owner);
    await linked(me, telegram());
    const signal = await linked(me, { serviceId: 'signal', externalUserId: newId() });
    expect((await list(me, { service: 'signal' })).data.items.map(({ id }) => id)).toEqual([signal.id]);
  });

  it('is empty for a cursor that is somebody else’s', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    await linked(me, telegram());
    const { id } = await linked(other, telegram());
    expect((await list(me, { cursor: id })).data).toEqual({ items: [], nextCursor: null });
  });

  it('marks the primary account: the chosen one, else the earliest that is active', async () => {
    const me = await newPerson(owner);
    const [a, b, c] = [await linked(me, telegram()), await linked(me, telegram()), await linked(me, telegram())];
    const primary = async () => (await list(me)).data.items.filter(({ isPrimary }) => isPrimary).map(({ id }) => id);
    expect(await primary()).toEqual([a.id]);
    await owner.query('update user_integrations set is_active = false where id = $1', [a.id]);
    expect(await primary()).toEqual([b.id]);
    await owner.query(`update user_integrations set metadata = '{"primary": true}' where id = $1`, [c.id]);
    expect(await primary()).toEqual([c.id]);
  });

  it('of somebody else needs a service token, or an administrator', async () => {
    const me = await newPerson(owner);
    await linked(me, telegram());
    const { token } = await newToken(owner, { kind: 'service', scopes: '["integrations:read"]' });
    expect((await list({ ...me, token })).data.items).toHaveLength(1);
    const other = await newToken(owner, { kind: 'service', scopes: '["connections:read"]' });
    expect(await list({ ...me, token: other.token })).toMatchObject({ status: 403 });
  });
});

describe('the health of an account', () => {
  const soon = () => new Date(Date.now() + 3_600_000).toISOString();
  const past = '2020-01-01T00:00:00Z';
  const gmail = { serviceId: 'gmail', externalUserId: 'ada@example.com', accessToken: 'x', refreshToken: 'y' };
  const scope = 'https://www.googleapis.com/auth/gmail.readonly';

  it.each<[string, Record<string, unknown>, Record<string, unknown>, object]>([
    ['works', { tokenExpiresAt: soon(), grantedScopes: [scope] }, {}, { missingScopes: [], scopes: [scope] }],
    ['works', { tokenExpiresAt: soon() }, {}, { missingScopes: [], scopes: null }],
    ['missing_scopes', { tokenExpiresAt: soon(), grantedScopes: ['openid'] }, {}, { missingScopes: [scope] }],
    ['refreshing', { tokenExpiresAt: past }, {}, { tokenExpiresAt: '2020-01-01T00:00:00.000Z' }],
    ['refreshing', { accessToken: undefined }, {}, { tokenExpiresAt: null }],
    ['expired', { tokenExpiresAt: soon() }, { expires_at: past, next_refresh_at: null }, {}],
    ['refreshing', {}, {}, { tokenExpiresAt: null }],
    ['expired', { refreshToken: undefined }, {}, { tokenExpiresAt: null }],
    ['expired', { refreshToken: undefined, tokenExpiresAt: past }, {}, {}],
    ['failing', { tokenExpiresAt: past }, { failing_since: past }, {}],
    ['works', { tokenExpiresAt: soon() }, { failing_since: past }, {}],
    ['expired', { tokenExpiresAt: soon() }, { status: 'expired' }, { connectionStatus: 'expired' }],
    ['revoked', { tokenExpiresAt: soon() }, { status: 'revoked' }, { connectionStatus: 'revoked' }],
    ['error', { tokenExpiresAt: soon() }, { status: 'error' }, { connectionStatus: 'error' }],
  ])('is %s with %j and %j', async (health, input, columns, view) => {
    const me = await newPerson(owner);
    const { id, connectionId } = await linked(await byBackend(me), { ...gmail, ...input });
    await change(connectionId ?? '', columns);
    expect(await get(me, id)).toMatchObject({ health, ...view });
  });

  it('is missing_token where a mail account has no grant', async () => {
    const me = await newPerson(owner);
    const { id } = await linked(await byBackend(me), gmail);
    await owner.query('update user_integrations set connection_id = null where id = $1', [id]);
    expect(await get(me, id)).toMatchObject({ health: 'missing_token', connectionId: null, scopes: null });
  });

  it('of a grant through the browser is that of its connection', async () => {
    const { person, id } = await newDue();
    const calendar = await linked(person, { serviceId: 'demo_calendar', connectionId: id });
    expect(calendar).toMatchObject({ connectionId: id, connectionStatus: 'active' });
  });
});

describe('one account', () => {
  it('that is not there is integration.not_found', async () => {
    const me = await newPerson(owner);
    const input = { userId: me.userId, integrationId: newId() };
    const refused = await call('integrations.get', input, { token: me.token });
    expect(refused).toMatchObject({ status: 404, code: 'integration.not_found' });
  });
});

describe('GET /v1/users/{id}', () => {
  it('has the keys of requirement 1, in one trip', async () => {
    const me = await newPerson(owner, { user: { display_name: 'John Doe' } });
    await linked(me, { serviceId: 'gmail', accessToken: 'ya29.x' });
    await linked(me, { serviceId: 'telegram', externalUserId: 'telegram_456' });
    const { trips, status, json, text } = await countingTrips(() =>
      rest('GET', `/users/${me.userId}`, { token: me.token }),
    );
    expect([trips, status]).toEqual([1, 200]);
    expect(json).toEqual({
      id: me.userId,
      email: me.email,
      display_name: 'John Doe',
      position: null,
      role: null,
      phone_number: null,
      time_zone: null,
      integrations: [
        {
          id: expect.any(String),
          service: 'gmail',
          service_name: 'Gmail',
          is_active: true,
          connected_at: expect.stringMatching(/^\d{4}-.*Z$/),
        },
        {
          id: expect.any(String),
          service: 'telegram',
          service_name: 'Telegram',
          external_user_id: 'telegram_456',
          is_active: true,
          connected_at: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
    });
    expect(text).not.toContain('ya29');
  });

  it('takes `me`, and says when there is nobody of that id', async () => {
    const me = await newPerson(owner);
    expect((await rest('GET', '/users/me', me)).json).toMatchObject({ id: me.userId, integrations: [] });
    const { token } = await newToken(owner, { kind: 'service', scopes: '["integrations:read"]' });
    const nobody = await call<UserView>('integrations.getUser', { userId: newId() }, { token });
    expect(nobody).toMatchObject({ status: 404, code: 'user.not_found' });
  });
});

describe('counts', () => {
  it('are those of get_user_integration_stats', async () => {
    const me = await newPerson(owner);
    expect((await rest('GET', '/users/me/integrations/stats', me)).json).toMatchObject({
      user_id: me.userId,
      total_integrations: 0,
      services: {},
      first_connected_at: null,
    });
    await linked(me, { serviceId: 'gmail', accessToken: 'x', tokenExpiresAt: '2099-01-01T00:00:00Z' });
    await linked(me, { serviceId: 'google_calendar', accessToken: 'x', tokenExpiresAt: '2020-01-01T00:00:00Z' });
    const gone = await linked(me, telegram());
    await owner.query('update user_integrations set is_active = false where id = $1', [gone.id]);
    const { json } = await rest('GET', `/users/${me.userId}/integrations/stats`, me);
    expect(json).toEqual({
      user_id: me.userId,
      total_integrations: 3,
      active_integrations: 2,
      inactive_integrations: 1,
      valid_tokens: 1,
      expired_tokens: 1,
      refresh_expired: 0,
      services: { gmail: 1, google_calendar: 1 },
      types: { email: 1, calendar: 1 },
      first_connected_at: expect.stringMatching(/Z$/),
      last_updated_at: expect.stringMatching(/Z$/),
    });
  });
});

describe('whether a user has a service', () => {
  it('tells an account from a token that works', async () => {
    const me = await newPerson(owner);
    const has = async (service: string) => (await rest('GET', `/users/me/services/${service}`, me)).json;
    expect(await has('gmail')).toEqual({ service: 'gmail', has_service: false, has_valid_token: false });
    await linked(me, { serviceId: 'gmail', accessToken: 'x', tokenExpiresAt: '2020-01-01T00:00:00Z' });
    expect(await has('gmail')).toEqual({ service: 'gmail', has_service: true, has_valid_token: false });
    await linked(me, { serviceId: 'gmail', accessToken: 'x', tokenExpiresAt: '2099-01-01T00:00:00Z' });
    expect(await has('gmail')).toEqual({ service: 'gmail', has_service: true, has_valid_token: true });
    expect(await has('pigeon')).toEqual({ service: 'pigeon', has_service: false, has_valid_token: false });
  });
});
