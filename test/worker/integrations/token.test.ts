import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import {
  change,
  countingTrips,
  isTaken,
  issuer,
  letPass,
  newDue,
  trailOf,
  vaultRow,
} from '../../support/connections.ts';
import { byBackend, linked, rest } from '../../support/integrations.ts';
import { redemptionsOf, seedGrants } from '../../support/oidc-provider.ts';
import { newPerson, newToken, type Person } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';

const tokenOf = ({ token, userId }: Person, service: string, query = '') =>
  rest('GET', `/users/${userId}/services/${service}/token${query}`, { token });

const KEYS = [
  'client_id',
  'client_secret',
  'expires_at',
  'granted_scopes',
  'is_expired',
  'refresh_expired',
  'refresh_token',
  'token',
];

/** A person whose demo account has a refresh that is due later, linked as their calendar. */
async function newCalendar(columns: Record<string, unknown> = {}) {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const due = await newDue({ next_refresh_at: inAnHour, expires_at: inAnHour, ...columns });
  await linked(due.person, { serviceId: 'demo_calendar', connectionId: due.id });
  return due;
}

describe('a token that is fresh', () => {
  it('comes in one trip with the keys of get_valid_token, without refresh token and client secret', async () => {
    const { person, grant } = await newCalendar({ client_id: 'a-client' });
    const { trips, status, json } = await countingTrips(() => tokenOf(person, 'demo_calendar'));
    expect([trips, status]).toEqual([1, 200]);
    expect(Object.keys(json).toSorted()).toEqual(KEYS);
    expect(json).toMatchObject({
      token: grant.accessToken,
      refresh_token: null,
      is_expired: false,
      expires_at: expect.stringMatching(/Z$/),
      refresh_expired: false,
      client_id: 'a-client',
      client_secret: null,
    });
  });

  it('that a link brought works the same', async () => {
    const me = await newPerson(owner);
    await linked(me, {
      serviceId: 'gmail',
      accessToken: 'ya29.mine',
      tokenExpiresAt: '2099-01-01T00:00:00Z',
      clientId: 'n8n',
      clientSecret: 'GOCSPX',
      grantedScopes: ['a', 'b'],
    });
    expect((await tokenOf(me, 'gmail')).json).toEqual({
      token: 'ya29.mine',
      refresh_token: null,
      is_expired: false,
      expires_at: '2099-01-01T00:00:00.000Z',
      refresh_expired: false,
      client_id: 'n8n',
      client_secret: null,
      granted_scopes: ['a', 'b'],
    });
  });

  it('is noted in the trail of its connection', async () => {
    const { person, id } = await newCalendar();
    await tokenOf(person, 'demo_calendar');
    expect((await trailOf(id)).map(({ event }) => event)).toContain('token_read');
  });
});

describe('a token that is due', () => {
  it('is refreshed first, in two trips', async () => {
    const { person, id, grant } = await newCalendar();
    await letPass(id, 'expired');
    const { trips, json } = await countingTrips(() => tokenOf(person, 'demo_calendar'));
    expect(trips).toBe(2);
    expect(json).toMatchObject({ is_expired: false, refresh_expired: false, refresh_token: null });
    expect(json.token).not.toBe(grant.accessToken);
    expect(await isTaken(String(json.token))).toBe(true);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    expect(await vaultRow(id)).toMatchObject({ version: '2' });
  });

  it('is refreshed once though its end is not recorded, where tokens end', async () => {
    const { person, grant } = await newCalendar({ expires_at: null, next_refresh_at: null });
    const { json } = await tokenOf(person, 'demo_calendar');
    expect(json).toMatchObject({ is_expired: false, expires_at: expect.stringMatching(/Z$/) });
    expect(json.token).not.toBe(grant.accessToken);
    expect((await tokenOf(person, 'demo_calendar')).json.token).toBe(json.token);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('and was linked with a grant the provider knows is refreshed as well', async () => {
    const me = await newPerson(owner);
    const [grant] = await seedGrants(issuer, 1);
    const { refreshToken = '' } = grant ?? {};
    await linked(await byBackend(me), { serviceId: 'demo_files', externalUserId: newId(), refreshToken });
    const { json } = await tokenOf(me, 'demo_files');
    expect(json).toMatchObject({ is_expired: false });
    expect(await isTaken(String(json.token))).toBe(true);
  });
});

describe('a token that nobody can refresh', () => {
  it('without a recorded end counts as expired where tokens end, and is given all the same', async () => {
    const me = await newPerson(owner);
    await linked(me, { serviceId: 'gmail', accessToken: 'ya29.x' });
    const { trips, json } = await countingTrips(() => tokenOf(me, 'gmail'));
    expect([trips, json]).toMatchObject([1, { token: 'ya29.x', is_expired: true, expires_at: null }]);
  });

  it('without an end is good where tokens do not end', async () => {
    const me = await newPerson(owner);
    await linked(me, { serviceId: 'telegram', externalUserId: '1', accessToken: 'bot-token' });
    expect((await tokenOf(me, 'telegram')).json).toMatchObject({
      token: 'bot-token',
      is_expired: false,
      expires_at: null,
      granted_scopes: null,
    });
  });

  it.each([
    ['expired', true],
    ['revoked', true],
    ['error', false],
  ])('since its connection is %s is not given', async (status, refreshExpired) => {
    const { person } = await newCalendar({ status });
    const { status: http, json } = await tokenOf(person, 'demo_calendar');
    expect(http).toBe(200);
    expect(json).toMatchObject({ token: null, is_expired: true, refresh_expired: refreshExpired });
    expect(Object.keys(json).toSorted()).toEqual(KEYS);
  });
});

describe('without a grant', () => {
  it('an account has no token', async () => {
    const me = await newPerson(owner);
    await linked(me, { serviceId: 'telegram', externalUserId: '1' });
    const { status, json } = await tokenOf(me, 'telegram');
    expect(status).toBe(200);
    expect(json).toEqual({
      token: null,
      refresh_token: null,
      is_expired: true,
      expires_at: null,
      refresh_expired: false,
      client_id: null,
      client_secret: null,
      granted_scopes: null,
    });
  });

  it.each([
    ['no account', 'gmail', ''],
    ['a disconnected one', 'demo_calendar', ''],
    ['another account', 'demo_calendar', '?external_user_id=nobody'],
    ['no such service', 'pigeon', ''],
  ])('%s is integration.not_found', async (_, service, query) => {
    const { person } = await newCalendar();
    if (query === '')
      await owner.query('update user_integrations set is_active = false where user_id = $1', [person.userId]);
    const { status, json } = await tokenOf(person, service, query);
    expect([status, json]).toMatchObject([404, { error: { code: 'integration.not_found' } }]);
  });
});

describe('of several accounts', () => {
  it('the primary one is meant, or the one that is named', async () => {
    const me = await newPerson(owner);
    const tokenExpiresAt = '2099-01-01T00:00:00Z';
    for (const name of ['a', 'b']) {
      const externalUserId = `${name}@example.com`;
      await linked(me, { serviceId: 'gmail', externalUserId, accessToken: `ya29.${name}`, tokenExpiresAt });
    }
    const of = async (query = '') => (await tokenOf(me, 'gmail', query)).json.token;
    expect(await of()).toBe('ya29.a');
    expect(await of('?external_user_id=b%40example.com')).toBe('ya29.b');
    await owner.query(
      `update user_integrations set metadata = '{"primary": true}' where user_id = $1 and external_user_id = 'b@example.com'`,
      [me.userId],
    );
    expect(await of()).toBe('ya29.b');
  });
});

describe('who may read it', () => {
  it('is decided by a scope of its own', async () => {
    const { person } = await newCalendar();
    const with_ = async (scope: string) => {
      const { token } = await newToken(owner, { kind: 'service', scopes: JSON.stringify([scope]) });
      return (await tokenOf({ ...person, token }, 'demo_calendar')).status;
    };
    expect(await with_('connections:token')).toBe(200);
    expect(await with_('integrations:read')).toBe(403);
    expect(await with_('integrations:write')).toBe(403);
  });

  it('does not lead to the tokens of another user’s connection that a row names', async () => {
    const [bob, me] = [await newCalendar(), await newCalendar()];
    // The foreign key refuses it, also to who writes SQL.
    await expect(
      owner.query('update user_integrations set connection_id = $2 where user_id = $1', [me.person.userId, bob.id]),
    ).rejects.toThrow(/foreign key/);
    await change(me.id, {});
    expect((await tokenOf(me.person, 'demo_calendar')).json.token).toBe(me.grant.accessToken);
  });
});
