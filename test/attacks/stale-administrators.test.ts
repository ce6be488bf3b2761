/** A session that is hours old: it reads no token and adds no account; and an administrator's touches nobody else. */
import { describe, expect, it } from 'vitest';
import { type Connected, newConnected } from '../support/connections.ts';
import { link } from '../support/integrations.ts';
import { inHours, newPerson, newToken, type Person } from '../support/owner.ts';
import { allProcedures } from '../support/procedures.ts';
import { sampleInput } from '../support/sample-input.ts';
import { call, owner } from '../support/worker.ts';
import { browse } from './support.ts';

const ofUsers = allProcedures().filter(({ access }) => access?.subject === 'user');
const ofPlatform = allProcedures().filter(({ access }) => access?.subject === 'platform');
const newAdmin = (hoursAgo: number) =>
  newPerson(owner, { user: { platform_role: 'admin' }, session: { authenticated_at: inHours(-hoursAgo) } });
const stalePerson = () => newPerson(owner, { session: { authenticated_at: inHours(-5) } });
const readFor = ({ person }: Connected, { token }: { token: string }) =>
  call<{ status: string }>('oauth.connections.getToken', { userId: person.userId, connector: 'demo' }, { token });
const prove = ({ sessionId }: Person) =>
  owner.query('update user_sessions set authenticated_at = now() where id = $1', [sessionId]);

describe('an administrator who proved who they are five hours ago', () => {
  it.each(ofUsers)('does not get through $path to another user', async (procedure) => {
    const [admin, victim] = [await newAdmin(5), await newPerson(owner)];
    const input = sampleInput(procedure, { userId: victim.userId });
    const method = procedure.type === 'query' ? 'GET' : 'POST';
    const refused = await call(procedure.path, input, { token: admin.token, method });
    expect([refused.status, refused.code]).toEqual([403, 'step_up.required']);
  });

  it.each(ofPlatform)('does not get through $path over all users', async (procedure) => {
    const { token } = await newAdmin(5);
    const method = procedure.type === 'query' ? 'GET' : 'POST';
    const refused = await call(procedure.path, sampleInput(procedure), { token, method });
    expect([refused.status, refused.code]).toEqual([403, 'step_up.required']);
  });

  it('cleans up nobody’s links until they have proven it; a service token does all the while', async () => {
    const admin = await newAdmin(5);
    const refused = await call('integrations.cleanup', { dryRun: false, maxRows: 1 }, admin);
    expect([refused.status, refused.code]).toEqual([403, 'step_up.required']);
    await prove(admin);
    const service = await newToken(owner, { kind: 'service', scopes: '["admin:read","admin:write"]' });
    // Dry, since other tests have integrations that hold nothing.
    for (const { token } of [admin, service]) {
      expect((await call('integrations.cleanup', {}, { token })).status).toBe(200);
      for (const path of ['integrations.findIncomplete', 'auth.listServiceTokens', 'oauth.getKeyCoverage']) {
        expect([path, (await call(path, {}, { token, method: 'GET' })).status]).toEqual([path, 200]);
      }
    }
  });

  it('reads their own things all the while, and another’s once they have proven it', async () => {
    const [admin, victim] = [await newAdmin(5), await newConnected()];
    const own = { userId: admin.userId };
    expect((await call('oauth.connections.list', own, admin)).status).toBe(200);
    expect((await readFor(victim, admin)).code).toBe('step_up.required');
    await prove(admin);
    expect((await readFor(victim, admin)).data).toMatchObject({ status: 'active' });
  });
});

describe('what an administrator does for somebody', () => {
  it('is in the trail under their name, though the owner read just before', async () => {
    const [admin, victim] = [await newAdmin(0), await newConnected()];
    expect((await readFor(victim, victim.person)).data).toMatchObject({ status: 'active' });
    expect((await readFor(victim, admin)).data).toMatchObject({ status: 'active' });
    expect((await readFor(victim, admin)).data).toMatchObject({ status: 'active' });
    const reads = await owner.query<{ actor: string }>(
      "select actor_user_id as actor from connection_events where connection_id = $1 and event = 'token_read' order by created_at",
      [victim.connectionId],
    );
    expect(reads.map(({ actor }) => actor)).toEqual([victim.person.userId, admin.userId, admin.userId]);
    const input = { userId: victim.person.userId, connectionId: victim.connectionId };
    const { data } = await call<{ events: object[] }>('oauth.connections.explain', input, {
      token: victim.person.token,
      method: 'GET',
    });
    expect(data.events[0]).toMatchObject({ event: 'token_read', actorUserId: admin.userId });
    const headers = { cookie: `gatehouse_session=${victim.person.token}` };
    const page = await (await browse(`/account/connections/${victim.connectionId}`, { headers })).text();
    expect(page.split('by an administrator')).toHaveLength(3);
    expect(page).not.toContain(admin.userId);
  });

  it('is in the events that webhooks hear; what the owner does names nobody', async () => {
    const [admin, victim] = [await newAdmin(0), await newConnected()];
    const { userId } = victim.person;
    await link(victim.person, { serviceId: 'signal', externalUserId: userId });
    await link({ ...victim.person, token: admin.token }, { serviceId: 'telegram', externalUserId: userId });
    const ended = { userId, connectionId: victim.connectionId };
    expect((await call('oauth.connections.disconnect', ended, admin)).status).toBe(200);
    const events = await owner.query(
      "select type, payload->>'actorUserId' as actor from outbox where user_id = $1 order by created_at, type",
      [userId],
    );
    expect(events).toEqual([
      { type: 'connection.connected', actor: null },
      { type: 'integration.linked', actor: null },
      { type: 'integration.linked', actor: admin.userId },
      { type: 'connection.disconnected', actor: admin.userId },
    ]);
  });
});

describe('a stale session of one’s own', () => {
  const demands = [
    ['oauth.connections.getToken', 'GET', { connector: 'demo' }],
    ['integrations.getToken', 'GET', { service: 'demo_calendar' }],
    ['oauth.connections.connect', 'POST', { connector: 'demo' }],
    ['integrations.link', 'POST', { serviceId: 'signal', externalUserId: 'x' }],
    ['integrations.bulkLink', 'POST', { services: [{ serviceId: 'signal', externalUserId: 'x' }] }],
  ] as const;

  it.each(demands)('does not get %s', async (path, method, input) => {
    const me = await stalePerson();
    const refused = await call(path, { userId: me.userId, ...input }, { token: me.token, method });
    expect([refused.status, refused.code]).toEqual([403, 'step_up.required']);
  });

  it('of an organisation’s administrator gets neither its app’s token nor a new app', async () => {
    const [me, organizationId] = [await stalePerson(), crypto.randomUUID()];
    await owner.query("insert into organizations (id, name) values ($1, 'A team')", [organizationId]);
    await owner.query("insert into memberships (organization_id, user_id, role) values ($1, $2, 'owner')", [
      organizationId,
      me.userId,
    ]);
    const input = { organizationId, connector: 'demo' };
    expect((await call('oauth.apps.getToken', input, me)).code).toBe('step_up.required');
    expect((await call('oauth.apps.connect', input, me)).code).toBe('step_up.required');
    expect((await call('oauth.apps.list', input, me)).status).toBe(200);
  });

  it('is no hindrance to a token with the scope', async () => {
    const mine = await newConnected();
    const scopes = '["connections:token","integrations:write"]';
    const token = await newToken(owner, { kind: 'personal', user_id: mine.person.userId, scopes });
    expect((await readFor(mine, token)).data).toMatchObject({ status: 'active' });
    const linked = await link(
      { ...mine.person, ...token },
      { serviceId: 'signal', externalUserId: mine.person.userId },
    );
    expect(linked.status).toBe(200);
  });
});
