import { describe, expect, it } from 'vitest';
import { connect, getToken, newConnected, vaultRow } from '../../support/connections.ts';
import { newAccount } from '../../support/oidc-provider.ts';
import { newPerson } from '../../support/owner.ts';
import { newBrowser } from '../../support/social.ts';
import { call, owner } from '../../support/worker.ts';

describe('connecting an account', () => {
  it('keeps the grant in the vault, sealed, with the identity behind it', async () => {
    const { connectionId, account, person } = await newConnected();
    const row = await vaultRow(connectionId);
    expect(row).toMatchObject({
      user_id: person.userId,
      connector_id: 'demo',
      account_id: account.subject,
      status: 'active',
      connector_metadata: { demo: { email: account.email } },
      owner: `user:${person.userId}`,
    });
    for (const field of ['access_token', 'refresh_token']) expect(row?.[field]).toMatch(/^gatehouse:1:/);
    expect(row?.auth_code).toBeUndefined();
  });

  it('gives a token that the provider takes', async () => {
    const { person, account, connectionId } = await newConnected();
    const token = await getToken(person);
    expect(token.data).toMatchObject({ status: 'active', accountId: account.subject, connectionId });
    expect(token.data.accessToken).toBeTruthy();
    expect(JSON.stringify(token.data)).not.toContain('efreshToken');
  });

  it('connects the same account in place, and refuses another one there', async () => {
    const { browser, account, connectionId } = await newConnected();
    expect(await connect(browser, account, { connectionId })).toContain('/account?done=connected');
    expect(await connect(browser, newAccount(), { connectionId })).toContain('problem=connection.wrong_account');
    const [{ count } = { count: '' }] = await owner.query<{ count: string }>(
      'select count(*) from oauth_connections where user_id = (select user_id from oauth_connections where id = $1)',
      [connectionId],
    );
    expect(Number(count)).toBe(1);
  });

  it('takes many accounts of one connector', async () => {
    const { browser, person, account } = await newConnected();
    const second = newAccount();
    await connect(browser, second);
    const { data } = await call<{ items: { accountId: string }[] }>(
      'oauth.connections.list',
      { userId: person.userId },
      { token: person.token },
    );
    expect(data.items.map(({ accountId }) => accountId)).toEqual([account.subject, second.subject]);
    expect((await getToken(person)).data.accountId).toBe(account.subject);
    expect((await getToken(person, { accountId: second.subject })).data.accountId).toBe(second.subject);
  });

  it('of another user is not seen, by any call', async () => {
    const { connectionId } = await newConnected();
    const alice = await newPerson(owner);
    for (const path of ['get', 'explain', 'refresh', 'makePrimary', 'disconnect']) {
      const method = path === 'get' || path === 'explain' ? 'GET' : 'POST';
      const answer = await call(
        `oauth.connections.${path}`,
        { userId: alice.userId, connectionId },
        { token: alice.token, method },
      );
      expect(answer.code, path).toBe('connection.not_found');
    }
    const browser = newBrowser({ token: alice.token });
    const begun = await call('oauth.connections.connect', { connector: 'demo', connectionId }, { token: alice.token });
    expect(begun.code).toBe('connection.not_found');
    expect(browser.cookies.size).toBe(1);
  });
});
