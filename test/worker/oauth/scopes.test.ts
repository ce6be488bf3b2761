import { describe, expect, it } from 'vitest';
import { beginConnect, change, connect, getToken, newConnected, vaultRow } from '../../support/connections.ts';
import { signInAt } from '../../support/oidc-provider.ts';
import { comeBack } from '../../support/social.ts';
import { workerEnv } from '../../support/worker.ts';

const asked = (url: string) => (new URL(url).searchParams.get('scope') ?? '').split(' ').toSorted();
const granted = async (id: string) =>
  String((await vaultRow(id))?.scopes)
    .split(' ')
    .toSorted();

describe('scopes', () => {
  it('are asked for beside those that the connector and the deployment need, each once', async () => {
    const { browser } = await newConnected();
    const url = await beginConnect(browser, { scopes: ['phone', 'openid', 'phone'] });
    const ofConnector = ['email', 'offline_access', 'openid', 'profile'];
    const ofDeployment = String(workerEnv.DEMO_SCOPES).split(' ');
    expect(asked(url)).toEqual([...ofConnector, ...ofDeployment, 'phone'].toSorted());
  });

  it('of a connection are asked for again when it is connected again, with the new ones', async () => {
    const { browser, account, connectionId } = await newConnected();
    // Granted in another connect, say: nobody asks for it by itself.
    await change(connectionId, { scopes: `${(await granted(connectionId)).join(' ')} calendar` });
    const before = await granted(connectionId);
    const url = await beginConnect(browser, { connectionId, scopes: ['address'] });
    expect(asked(url)).toEqual([...before, 'address'].toSorted());
    expect(asked(url)).toContain('calendar');
    // Nobody has to say who it is: the provider is told.
    expect(new URL(url).searchParams.get('login_hint')).toBe(account.email);
    expect(await comeBack(browser, await signInAt(url, account))).toContain('done=connected');
  });

  it('are kept as they were granted, which may be less than was asked for', async () => {
    const { browser, account, connectionId, person } = await newConnected();
    await connect(browser, account, { connectionId, scopes: ['made_up'] });
    expect(await granted(connectionId)).not.toContain('made_up');
    const { data } = await getToken(person, { scopes: ['openid', 'made_up', 'email'] });
    expect(data).toMatchObject({ status: 'active', missingScopes: ['made_up'] });
    expect(data.scopes.toSorted()).toEqual(await granted(connectionId));
  });

  it('that are missing keep no token back: the caller decides', async () => {
    const { person } = await newConnected();
    expect((await getToken(person, { scopes: ['made_up'] })).data.accessToken).toBeTruthy();
    expect((await getToken(person)).data.missingScopes).toEqual([]);
  });
});
