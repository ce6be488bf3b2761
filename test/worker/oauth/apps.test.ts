import { describe, expect, it } from 'vitest';
import {
  beginConnect,
  connect,
  newConnectedApp,
  newMember,
  outboxOf,
  refusedWith,
  trailOf,
  vaultRow,
} from '../../support/connections.ts';
import { newAccount, signInAt } from '../../support/oidc-provider.ts';
import { newOrganization, newOrganizationToken } from '../../support/owner.ts';
import { comeBack, newBrowser } from '../../support/social.ts';
import { call, owner } from '../../support/worker.ts';

const appsOf = (organizationId: string) =>
  owner.query('select * from connected_apps where organization_id = $1 order by connected_at', [organizationId]);

describe('an app of an organisation', () => {
  it('is connected by an administrator, and belongs to the organisation', async () => {
    const { connectionId, organizationId, person, account } = await newConnectedApp();
    expect(await vaultRow(connectionId)).toMatchObject({
      user_id: null,
      organization_id: organizationId,
      owner: `organization:${organizationId}`,
      created_by: person.userId,
    });
    expect(await appsOf(organizationId)).toMatchObject([
      {
        connection_id: connectionId,
        user_id: person.userId,
        provider: 'demo',
        provider_account_id: account.subject,
        disconnected_at: null,
      },
    ]);
    expect(await outboxOf(connectionId)).toMatchObject([
      { type: 'connection.connected', user_id: null, organization_id: organizationId },
    ]);
  });

  it('is seen by members, and used by administrators alone', async () => {
    const { connectionId, organizationId, person } = await newConnectedApp();
    const member = await newMember(organizationId, 'member');
    const list = await call<{ items: { id: string }[] }>('oauth.apps.list', { organizationId }, member);
    expect(list.data.items.map(({ id }) => id)).toEqual([connectionId]);
    for (const path of ['get', 'explain']) {
      const options = { token: member.token, method: 'GET' } as const;
      expect((await call(`oauth.apps.${path}`, { organizationId, connectionId }, options)).status, path).toBe(200);
    }
    const token = (who: { token: string }) => call('oauth.apps.getToken', { organizationId, connector: 'demo' }, who);
    expect((await token(member)).code).toBe('organization.role_missing');
    expect((await token(person)).data).toMatchObject({ status: 'active', connectionId });
    for (const path of ['refresh', 'makePrimary', 'disconnect']) {
      const refused = await call(`oauth.apps.${path}`, { organizationId, connectionId }, member);
      expect(refused.code, path).toBe('organization.role_missing');
    }
    const begun = await call('oauth.apps.connect', { organizationId, connector: 'demo' }, member);
    expect(begun.code).toBe('organization.role_missing');
    expect(await vaultRow(connectionId)).toBeDefined();
  });

  it.each([
    ['membership', 'delete from memberships where user_id = $1', 'organization.not_found'],
    ['role', "update memberships set role = 'member' where user_id = $1", 'organization.role_missing'],
  ])('is not connected by whoever lost the %s on the way to the provider', async (_, statement, code) => {
    const organizationId = await newOrganization(owner);
    const person = await newMember(organizationId, 'admin');
    const browser = newBrowser({ token: person.token });
    const address = await signInAt(await beginConnect(browser, { organizationId }), newAccount());
    await owner.query(statement, [person.userId]);
    expect(await comeBack(browser, address)).toBe(refusedWith(code));
    expect(await appsOf(organizationId)).toEqual([]);
    expect(await owner.query('select from oauth_connections where created_by = $1', [person.userId])).toEqual([]);
  });

  it('is connected again by another administrator, in place', async () => {
    const { connectionId, organizationId, account, person } = await newConnectedApp();
    const second = await newMember(organizationId, 'owner');
    const browser = newBrowser({ token: second.token });
    expect(await connect(browser, account, { organizationId, connectionId })).toContain('done=connected');
    expect(await vaultRow(connectionId)).toMatchObject({ version: '2', created_by: person.userId });
    expect(await appsOf(organizationId)).toHaveLength(1);
    expect((await trailOf(connectionId)).map(({ actor_id: actor }) => actor)).toEqual([
      person.sessionId,
      second.sessionId,
    ]);
  });

  it('leaves a note when it is disconnected, and a new one when it comes back', async () => {
    const { connectionId, organizationId, account, browser, person } = await newConnectedApp();
    const gone = await call('oauth.apps.disconnect', { organizationId, connectionId }, person);
    expect(gone.status).toBe(200);
    expect(await vaultRow(connectionId)).toBeUndefined();
    expect(await appsOf(organizationId)).toMatchObject([
      { connection_id: null, disconnected_at: expect.anything(), provider_account_id: account.subject },
    ]);
    await connect(browser, account, { organizationId });
    expect((await appsOf(organizationId)).map((app) => app.disconnected_at === null)).toEqual([false, true]);
  });

  it('is read by the organisation’s own token with the scope for it, and by no other', async () => {
    const { connectionId, organizationId } = await newConnectedApp();
    const other = await newConnectedApp();
    const read = (who: { token: string }) => call('oauth.apps.getToken', { organizationId, connector: 'demo' }, who);
    expect((await read(await newOrganizationToken(owner, organizationId, ['connections:token']))).data).toMatchObject({
      connectionId,
    });
    expect((await read(await newOrganizationToken(owner, organizationId, ['connections:read']))).code).toBe(
      'scope.missing',
    );
    expect((await read(await newOrganizationToken(owner, other.organizationId, ['connections:token']))).code).toBe(
      'organization.not_found',
    );
    expect((await trailOf(connectionId)).at(-1)).toMatchObject({ event: 'token_read', actor_kind: 'organization' });
  });
});
