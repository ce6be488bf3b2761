import { describe, expect, it } from 'vitest';
import { credentialsFor } from '../../../src/domain/integrations/link-row.ts';
import { unverifiedAccount } from '../../../src/domain/integrations/unverified-account.ts';
import { readSettings } from '../../../src/env.ts';
import { newId } from '../../../src/lib/ids.ts';
import { countingTrips, losingAnswers, newConnected, unsealed } from '../../support/connections.ts';
import { grantRows, link, linked, linkEvents, linkRows } from '../../support/integrations.ts';
import { newPerson, newToken } from '../../support/owner.ts';
import { call, owner, workerEnv } from '../../support/worker.ts';

const gmail = {
  serviceId: 'gmail',
  externalUserId: 'ada@example.com',
  displayLabel: 'Work',
  accessToken: 'ya29.access',
  refreshToken: '1//refresh',
  clientId: 'another-client',
  clientSecret: 'GOCSPX-secret',
  tokenExpiresAt: '2099-01-01T00:00:00Z',
  grantedScopes: ['https://www.googleapis.com/auth/gmail.readonly'],
};

describe('linking by tokens', () => {
  it('answers the account as it is listed, without any token, in one trip', async () => {
    const me = await newPerson(owner);
    const { trips, status, data, response } = await countingTrips(() => link(me, gmail));
    expect([trips, status]).toEqual([1, 200]);
    expect(data).toMatchObject({
      service: 'gmail',
      serviceName: 'Gmail',
      serviceType: 'email',
      provider: 'google',
      isActive: true,
      isPrimary: true,
      displayLabel: 'Work',
      externalUserId: 'ada@example.com',
      externalUsername: null,
      connectionStatus: 'active',
      health: 'works',
      tokenExpiresAt: '2099-01-01T00:00:00.000Z',
      scopes: gmail.grantedScopes,
      missingScopes: [],
      metadata: {},
    });
    const { data: got } = await call(
      'integrations.get',
      { userId: 'me', integrationId: data.id },
      { token: me.token, method: 'GET' },
    );
    expect(got).toEqual(data);
    const text = await response.text();
    for (const secret of ['ya29', '1//', 'GOCSPX', 'another-client']) expect(text).not.toContain(secret);
  });

  it('keeps tokens, client secret and credentials sealed, for this user and account alone', async () => {
    const me = await newPerson(owner);
    const credentials = { imapPassword: 'open sesame', nested: [1, null] };
    const { connectionId } = await linked(me, { ...gmail, credentials });
    const [grant] = await grantRows(me.userId);
    const [row] = await linkRows(me.userId);
    const raw = JSON.stringify([grant, row]);
    for (const secret of ['ya29.access', '1//refresh', 'GOCSPX-secret', 'open sesame'])
      expect(raw).not.toContain(secret);
    expect(grant).toMatchObject({
      connector_id: 'google',
      account_id: await unverifiedAccount('gmail', 'ada@example.com'),
      client_id: 'another-client',
    });
    expect(await unsealed(connectionId ?? '', 'access_token')).toBe('ya29.access');
    expect(await unsealed(connectionId ?? '', 'refresh_token')).toBe('1//refresh');
    expect(await unsealed(connectionId ?? '', 'client_secret')).toBe('GOCSPX-secret');
    const { sealer } = readSettings(workerEnv);
    const open = (account: string) =>
      sealer.open(String(row?.credentials), credentialsFor(me.userId, 'gmail', account));
    expect(JSON.parse(await open('ada@example.com'))).toEqual(credentials);
    await expect(open('bob@example.com')).rejects.toThrow(/belongs elsewhere/);
  });

  it('says when the tokens are due, by the rules of the connector', async () => {
    const me = await newPerson(owner);
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await linked(me, { ...gmail, tokenExpiresAt: inAnHour });
    await linked(me, { ...gmail, externalUserId: 'b@example.com', tokenExpiresAt: undefined });
    await linked(me, { ...gmail, externalUserId: 'c@example.com', accessToken: undefined });
    await linked(me, { ...gmail, externalUserId: 'd@example.com', refreshToken: undefined });
    await linked(me, { ...gmail, serviceId: 'telegram', tokenExpiresAt: inAnHour });
    const rows = await owner.query<{ seconds: number | null }>(
      `select extract(epoch from next_refresh_at - now())::float8 as seconds from oauth_connections
        where user_id = $1 order by created_at, id`,
      [me.userId],
    );
    const [byEnd, ...others] = rows.map(({ seconds }) => seconds);
    expect(byEnd).toBeGreaterThan(2400);
    expect(byEnd).toBeLessThan(2900);
    expect(others).toEqual([expect.closeTo(0, -2), expect.closeTo(0, -2), null, null]);
  });

  it('again gives the same integration: what is not given stays', async () => {
    const me = await newPerson(owner);
    const first = await linked(me, { ...gmail, metadata: { colour: 'red', size: 1 } });
    const again = await linked(me, {
      serviceId: 'gmail',
      externalUserId: 'ada@example.com',
      accessToken: 'ya29.second',
      metadata: { size: 2 },
    });
    expect(again).toMatchObject({ id: first.id, displayLabel: 'Work', metadata: { colour: 'red', size: 2 } });
    expect(await linkRows(me.userId)).toHaveLength(1);
    expect(await grantRows(me.userId)).toHaveLength(1);
    expect(await unsealed(again.connectionId ?? '', 'access_token')).toBe('ya29.second');
    expect(await unsealed(again.connectionId ?? '', 'refresh_token')).toBe('1//refresh');
  });

  it('without an account id is one account, however often', async () => {
    const me = await newPerson(owner);
    const { externalUserId: _, ...unknown } = gmail;
    const [first, second] = [await linked(me, unknown), await linked(me, unknown)];
    expect(second).toMatchObject({ id: first.id, externalUserId: null });
  });

  it('takes any number of accounts of one service, each with its own grant', async () => {
    const me = await newPerson(owner);
    for (const name of ['a', 'b', 'c']) {
      await linked(me, { ...gmail, externalUserId: `${name}@example.com`, accessToken: `ya29.${name}` });
    }
    const rows = await linkRows(me.userId);
    expect(new Set(rows.map((row) => row.connection_id)).size).toBe(3);
    for (const row of rows) {
      const token = await unsealed(String(row.connection_id), 'access_token');
      expect(String(row.external_user_id)).toBe(`${token.slice(5)}@example.com`);
    }
  });

  it('of a service by its id there needs no token', async () => {
    const me = await newPerson(owner);
    const telegram = { serviceId: 'telegram', externalUserId: 'telegram_456', externalUsername: '@ada' };
    expect(await linked(me, telegram)).toMatchObject({
      externalUserId: 'telegram_456',
      externalUsername: '@ada',
      connectionId: null,
      connectionStatus: null,
      health: 'works',
      scopes: null,
      missingScopes: [],
    });
  });

  it('tells other systems once', async () => {
    const me = await newPerson(owner);
    const { id } = await linked(me, { serviceId: 'signal', externalUserId: newId() });
    expect(await linkEvents(me.userId)).toEqual([{ type: 'integration.linked', subject_id: id }]);
  });
});

describe('linking is refused', () => {
  it.each([
    ['a service that is not in the catalogue', { serviceId: 'pigeon', accessToken: 'x' }, 404, 'service.not_found'],
    ['a mail service without a token', { serviceId: 'gmail' }, 400, 'integration.incomplete'],
    ['a messenger without the id there', { serviceId: 'telegram' }, 400, 'integration.incomplete'],
    ['an empty text', { serviceId: 'gmail', accessToken: '' }, 400, 'input.invalid'],
    ['a time that is none', { ...gmail, tokenExpiresAt: 'soon' }, 400, 'input.invalid'],
    ['scopes with spaces in them', { ...gmail, grantedScopes: ['a b'] }, 400, 'input.invalid'],
    ['a connection beside tokens', { ...gmail, connectionId: newId() }, 400, 'input.invalid'],
    ['a connection nobody has', { serviceId: 'gmail', connectionId: newId() }, 404, 'connection.not_found'],
  ])('for %s', async (_, input, status, code) => {
    const me = await newPerson(owner);
    expect(await link(me, input)).toMatchObject({ status, code });
    expect(await linkRows(me.userId)).toEqual([]);
    expect(await grantRows(me.userId)).toEqual([]);
  });

  it('for a service that is not active', async () => {
    const me = await newPerson(owner);
    const id = await newService({ is_active: false });
    const refused = await link(me, { serviceId: id, accessToken: 'x' });
    expect(refused).toMatchObject({ status: 409, code: 'service.inactive' });
  });

  it('for a user that a service token names and nobody is', async () => {
    const { token } = await newToken(owner, { kind: 'service', scopes: '["integrations:write"]' });
    const input = { userId: newId(), serviceId: 'telegram', externalUserId: '1' };
    expect(await call('integrations.link', input, { token })).toMatchObject({ status: 404, code: 'user.not_found' });
  });
});

describe('`me`', () => {
  it('costs one trip with nothing to seal, and one more to learn whom to seal for', async () => {
    const me = await newPerson(owner);
    const telegram = { userId: 'me', serviceId: 'telegram', externalUserId: newId() };
    expect(await countingTrips(() => link(me, telegram))).toMatchObject({ trips: 1, status: 200 });
    const { trips, data } = await countingTrips(() => link(me, { ...gmail, userId: 'me' }));
    expect(trips).toBe(2);
    expect(await unsealed(data.connectionId ?? '', 'access_token')).toBe('ya29.access');
  });
});

/** A service of the test's own. */
async function newService(columns: Record<string, unknown> = {}): Promise<string> {
  const id = `s_${newId()}`;
  const row = { id, name: 'A service', type: 'storage', provider: 'demo', connector_id: 'demo', ...columns };
  const names = Object.keys(row);
  await owner.query(
    `insert into services (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  );
  return id;
}

describe('a service that came after this Worker', () => {
  it('is sealed for its connector: the catalogue is read once, and a link is one trip from then on', async () => {
    const me = await newPerson(owner);
    const serviceId = await newService();
    const first = await countingTrips(() => link(me, { serviceId, externalUserId: 'a', accessToken: 'first' }));
    expect([first.trips, first.status]).toEqual([3, 200]);
    const next = await countingTrips(() => link(me, { serviceId, externalUserId: 'b', accessToken: 'next' }));
    expect([next.trips, next.status]).toEqual([1, 200]);
    expect(await unsealed(first.data.connectionId ?? '', 'access_token')).toBe('first');
    expect(await unsealed(next.data.connectionId ?? '', 'access_token')).toBe('next');
  });

  it('whose connector changes is sealed for the new one: what the Worker knew does no harm', async () => {
    const me = await newPerson(owner);
    const serviceId = await newService();
    await linked(me, { serviceId, externalUserId: 'a', accessToken: 'before' });
    await owner.query("update services set connector_id = 'github' where id = $1", [serviceId]);
    const { connectionId } = await linked(me, { serviceId, externalUserId: 'b', accessToken: 'after' });
    expect(await unsealed(connectionId ?? '', 'access_token')).toBe('after');
    expect((await grantRows(me.userId)).map((row) => row.connector_id)).toEqual(['demo', 'github']);
  });
});

describe('linking by a connected account', () => {
  it('shares its grant: two services, one connection', async () => {
    const { person, connectionId, account } = await newConnected();
    const { trips, data } = await countingTrips(() => link(person, { serviceId: 'demo_calendar', connectionId }));
    expect(trips).toBe(1);
    expect(data).toMatchObject({ connectionId, externalUserId: account.subject, connectionStatus: 'active' });
    const files = await linked(person, { serviceId: 'demo_files', connectionId, displayLabel: 'Home' });
    expect(files).toMatchObject({ connectionId, displayLabel: 'Home' });
    expect(await grantRows(person.userId)).toHaveLength(1);
    expect(await linked(person, { serviceId: 'demo_files', connectionId })).toMatchObject({ id: files.id });
  });

  it('is refused where the service is of another connector', async () => {
    const { person, connectionId } = await newConnected();
    const refused = await link(person, { serviceId: 'gmail', connectionId });
    expect(refused).toMatchObject({ status: 400, code: 'integration.incomplete' });
  });
});

describe('a link whose answer is lost', () => {
  it('is sent again and is the same', async () => {
    const me = await newPerson(owner);
    const { data } = await losingAnswers([1], () => link(me, { serviceId: 'telegram', externalUserId: newId() }));
    expect(data.service).toBe('telegram');
    expect(await linkRows(me.userId)).toHaveLength(1);
    expect(await linkEvents(me.userId)).toHaveLength(1);
  });

  it('may be called again with its Idempotency-Key, and with no other input', async () => {
    const me = await newPerson(owner);
    const headers = { 'idempotency-key': `key-${newId()}` };
    const telegram = { serviceId: 'telegram', externalUserId: newId() };
    const first = await link(me, telegram, headers);
    const again = await link(me, telegram, headers);
    expect(again.data.id).toBe(first.data.id);
    expect(await linkEvents(me.userId)).toHaveLength(1);
    const other = await link(me, { ...telegram, externalUserId: newId() }, headers);
    expect(other).toMatchObject({ status: 409, code: 'idempotency_key.reused' });
  });
});
