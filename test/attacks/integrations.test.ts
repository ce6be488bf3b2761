import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { newDue, trailOf } from '../support/connections.ts';
import { grantRows, linked, linkEvents, linkRows, rest } from '../support/integrations.ts';
import { newPerson, newToken, type Person } from '../support/owner.ts';
import { allProcedures } from '../support/procedures.ts';
import { sampleInput } from '../support/sample-input.ts';
import { call, owner } from '../support/worker.ts';

const procedures = allProcedures().filter(
  ({ path, access }) => path.startsWith('integrations.') && access?.subject === 'user',
);

let bob: Person & { readonly integrationId: string; readonly connectionId: string };
let alice: Person & { readonly integrationId: string };

beforeAll(async () => {
  const { person, id } = await newDue();
  const { id: integrationId } = await linked(person, { serviceId: 'demo_calendar', connectionId: id });
  bob = { ...person, integrationId, connectionId: id };
  const me = await newPerson(owner);
  alice = { ...me, integrationId: (await linked(me, { serviceId: 'signal', externalUserId: newId() })).id };
});

/** What Bob has must be the same afterwards, to the last column. */
async function untouched(attempts: () => Promise<void>): Promise<void> {
  const look = async () =>
    Promise.all([
      linkRows(bob.userId),
      grantRows(bob.userId),
      linkEvents(bob.userId),
      trailOf(bob.connectionId),
      owner.query('select * from users where id = $1', [bob.userId]),
    ]);
  const before = await look();
  await attempts();
  expect(await look()).toEqual(before);
}

const refusalOf = async (path: string, input: unknown, token: string) => {
  const type = procedures.find((procedure) => procedure.path === path)?.type;
  const { status, code, error } = await call(path, input, { token, method: type === 'query' ? 'GET' : 'POST' });
  return { status, code, message: error?.message };
};

describe('as Alice, naming Bob', () => {
  it.each(procedures)('$path is refused before anything is read or written', async (procedure) => {
    const given = { integrationId: bob.integrationId, service: 'demo_calendar' };
    const personal = await newToken(owner, {
      kind: 'personal',
      user_id: alice.userId,
      scopes: '["integrations:read","integrations:write","connections:token"]',
    });
    await untouched(async () => {
      for (const token of [alice.token, personal.token]) {
        const ofBob = await refusalOf(procedure.path, sampleInput(procedure, { ...given, userId: bob.userId }), token);
        const ofNobody = await refusalOf(procedure.path, sampleInput(procedure, { ...given, userId: newId() }), token);
        expect(ofBob).toMatchObject({ status: 403, code: 'subject.forbidden' });
        expect(ofBob).toEqual(ofNobody);
      }
    });
  });
});

describe('as Alice for herself', () => {
  it.each([
    ['integrations.get', {}],
    ['integrations.update', { displayLabel: 'mine now', isPrimary: true, isActive: false }],
    ['integrations.unlink', {}],
  ])('%s does not find what is Bob’s, as what nobody has', async (path, input) => {
    await untouched(async () => {
      const ofBob = await refusalOf(path, { userId: 'me', integrationId: bob.integrationId, ...input }, alice.token);
      const ofNobody = await refusalOf(path, { userId: 'me', integrationId: newId(), ...input }, alice.token);
      expect(ofBob).toMatchObject({ status: 404, code: 'integration.not_found' });
      expect(ofBob).toEqual(ofNobody);
    });
  });

  it('links no grant of Bob’s, as none that nobody has', async () => {
    await untouched(async () => {
      const link = (connectionId: string) =>
        refusalOf('integrations.link', { userId: alice.userId, serviceId: 'demo_calendar', connectionId }, alice.token);
      const ofBob = await link(bob.connectionId);
      expect(ofBob).toMatchObject({ status: 404, code: 'connection.not_found' });
      expect(ofBob).toEqual(await link(newId()));
    });
  });

  it('gets no token of Bob’s by the id of his account', async () => {
    await untouched(async () => {
      const [row] = await linkRows(bob.userId);
      const input = { userId: alice.userId, service: 'demo_calendar', externalUserId: row?.external_user_id };
      const refused = await refusalOf('integrations.getToken', input, alice.token);
      expect(refused).toMatchObject({ status: 404, code: 'integration.not_found' });
    });
  });

  it('links nothing to Bob by writing him into an item, nor under an id or a seal of her own', async () => {
    await untouched(async () => {
      const forged = {
        service_id: 'telegram',
        external_user_id: 'forged',
        user_id: bob.userId,
        id: bob.integrationId,
        event_id: bob.integrationId,
        sealed_for: 'telegram',
        connection_id: bob.connectionId,
      };
      const { json } = await rest('POST', '/users/me/integrations/bulk', {
        token: alice.token,
        body: { services: [forged] },
      });
      expect(json).toMatchObject({ succeeded: 1 });
      const rows = await linkRows(alice.userId);
      const row = rows.find(({ external_user_id: id }) => id === 'forged');
      expect(row).toMatchObject({ user_id: alice.userId, connection_id: null });
      expect(row?.id).not.toBe(bob.integrationId);
    });
  });

  it('names one user in the path and another in the body in vain', async () => {
    await untouched(async () => {
      const body = { user_id: bob.userId, service_id: 'telegram', external_user_id: '1' };
      const { status, json } = await rest('POST', '/users/me/integrations', { token: alice.token, body });
      expect([status, json]).toMatchObject([400, { error: { code: 'input.invalid' } }]);
    });
  });

  it('stores a text that looks sealed as any other: it is sealed, and is not taken for a value of Bob’s', async () => {
    const [grant] = await grantRows(bob.userId);
    const stolen = String(grant?.access_token);
    const { connectionId } = await linked(alice, {
      serviceId: 'telegram',
      externalUserId: 'stolen',
      accessToken: stolen,
      credentials: { value: stolen },
    });
    const [mine] = await owner.query<{ access_token: string }>(
      'select access_token from oauth_connections where id = $1',
      [connectionId],
    );
    expect(mine?.access_token).toMatch(/^gatehouse:1:/);
    expect(mine?.access_token).not.toBe(stolen);
    const { json } = await rest('GET', '/users/me/services/telegram/token?external_user_id=stolen', alice);
    expect(json.token).toBe(stolen);
  });
});

describe('a linked service', () => {
  it('shows its owner no secret in any answer but the token route', async () => {
    const me = await newPerson(owner);
    const secrets = { accessToken: `at-${newId()}`, refreshToken: `rt-${newId()}`, clientSecret: `cs-${newId()}` };
    const { id } = await linked(me, {
      serviceId: 'gmail',
      ...secrets,
      clientId: `ci-${newId()}`,
      credentials: { password: `pw-${newId()}` },
    });
    for (const { path, type, inputs } of procedures.filter(({ path }) => path !== 'integrations.getToken')) {
      const procedure = procedures.find((candidate) => candidate.path === path);
      if (type !== 'query' || !procedure || inputs.length === 0) continue;
      const input = sampleInput(procedure, { userId: 'me', integrationId: id, service: 'gmail', cursor: undefined });
      const { status, response } = await call(path, input, { token: me.token, method: 'GET' });
      expect([path, status]).toEqual([path, 200]);
      expect(await response.text()).not.toMatch(/(at|rt|cs|ci|pw)-[0-9a-f]{8}-/);
    }
  });
});
