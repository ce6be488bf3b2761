import { describe, expect, it } from 'vitest';
import {
  connect,
  getToken,
  isTaken,
  newConnected,
  outboxOf,
  refusedWith,
  trailOf,
  vaultRow,
} from '../../support/connections.ts';
import { newAccount } from '../../support/oidc-provider.ts';
import { newPerson } from '../../support/owner.ts';
import { linkWith, newBrowser, signInWith } from '../../support/social.ts';
import { call, owner } from '../../support/worker.ts';

describe('connecting an account', () => {
  it('keeps the grant in the vault, sealed, with the identity behind it', async () => {
    const { connectionId, account, person } = await newConnected();
    const row = await vaultRow(connectionId);
    expect(row).toMatchObject({
      user_id: person.userId,
      organization_id: null,
      connector_id: 'demo',
      account_id: account.subject,
      client_id: 'gatehouse',
      status: 'active',
      version: expect.anything(),
      created_by: person.userId,
      connector_metadata: { demo: { account_id: account.subject, email: account.email } },
      owner: `user:${person.userId}`,
    });
    for (const field of ['access_token', 'refresh_token']) expect(row?.[field]).toMatch(/^gatehouse:1:/);
  });

  it('is due before its token runs out', async () => {
    const { connectionId } = await newConnected();
    const [row] = await owner.query<{ margin: number }>(
      'select extract(epoch from expires_at - next_refresh_at)::float8 as margin from oauth_connections where id = $1',
      [connectionId],
    );
    expect(row?.margin).toBeGreaterThan(900 * 0.8 - 1);
    expect(row?.margin).toBeLessThan(900 * 1.2 + 1);
  });

  it('gives a token that the provider takes, and never the refresh token', async () => {
    const { person, account, connectionId } = await newConnected();
    const token = await getToken(person);
    expect(token.data).toMatchObject({ status: 'active', accountId: account.subject, connectionId });
    expect(await isTaken(token.data.accessToken)).toBe(true);
    expect(JSON.stringify(token.data)).not.toContain('efreshToken');
  });

  it('is an event: in the trail with who did it, and for webhooks without any secret', async () => {
    const { connectionId, person, account } = await newConnected();
    expect(await trailOf(connectionId)).toMatchObject([
      { event: 'connected', actor_kind: 'session', actor_id: person.sessionId },
    ]);
    expect(await outboxOf(connectionId)).toEqual([
      {
        type: 'connection.connected',
        user_id: person.userId,
        organization_id: null,
        payload: { connector: 'demo', accountId: account.subject },
      },
    ]);
  });

  it('once more changes it in place: same row, next version, new tokens', async () => {
    const { browser, account, connectionId, person } = await newConnected();
    const before = await vaultRow(connectionId);
    for (const input of [{ connectionId }, {}]) {
      expect(await connect(browser, account, input)).toContain('/account?done=connected');
    }
    const rows = await owner.query('select * from oauth_connections where user_id = $1', [person.userId]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ id: connectionId, version: '3', created_at: before?.created_at });
    expect(rows[0]?.access_token).not.toBe(before?.access_token);
    expect((await trailOf(connectionId)).map(({ event }) => event)).toEqual([
      'connected',
      'reconnected',
      'reconnected',
    ]);
  });

  it('again mends one that was revoked, and takes its failures away', async () => {
    const { browser, account, connectionId } = await newConnected();
    await owner.query(
      `update oauth_connections set status = 'revoked', next_refresh_at = null, failure_count = 3, failing_since = now(),
         last_failure = '{"code": "invalid_grant"}', connector_metadata = connector_metadata || '{"primary": true}'
       where id = $1`,
      [connectionId],
    );
    expect(await connect(browser, account, { connectionId })).toContain('/account?done=connected');
    const row = await vaultRow(connectionId);
    expect(row).toMatchObject({ status: 'active', failure_count: 0, failing_since: null, last_failure: null });
    expect(row?.next_refresh_at).not.toBeNull();
    expect(row?.connector_metadata).toMatchObject({ primary: true, demo: { email: account.email } });
    expect((await outboxOf(connectionId)).map(({ type }) => type)).toEqual([
      'connection.connected',
      'connection.recovered',
    ]);
  });

  it('takes many accounts of one connector, and one account for many people', async () => {
    const { browser, person, account } = await newConnected();
    const second = newAccount();
    await connect(browser, second);
    const { data } = await call<{ items: { accountId: string }[] }>(
      'oauth.connections.list',
      { userId: person.userId },
      { token: person.token },
    );
    expect(data.items.map(({ accountId }) => accountId)).toEqual([account.subject, second.subject]);
    const other = await newPerson(owner);
    expect(await connect(newBrowser({ token: other.token }), account)).toContain('done=connected');
    expect((await getToken(other)).data.accountId).toBe(account.subject);
    expect((await getToken(person)).data.connectionId).not.toBe((await getToken(other)).data.connectionId);
  });

  it('is refused at two hundred of them, while one that is there can still be connected again', async () => {
    const { browser, account, person } = await newConnected();
    await owner.query(
      `insert into oauth_connections (user_id, connector_id, account_id, access_token, scopes)
       select $1, 'demo', 'filler-' || n, 'gatehouse:1:dev:x:x:x', '' from generate_series(2, 200) n`,
      [person.userId],
    );
    expect(await connect(browser, newAccount())).toBe(refusedWith('connection.limit_reached'));
    expect(await connect(browser, account)).toContain('done=connected');
  });
});

describe('an account that one signs in with', () => {
  it('learns of its connection, whichever came first', async () => {
    const account = newAccount();
    const browser = newBrowser();
    await signInWith(account, browser);
    await connect(browser, account);
    const ofAccount = `select o.connection_id = c.id as "isJoined", o.user_id = c.user_id as "isOwn"
      from oauth_accounts o left join oauth_connections c on c.account_id = o.provider_user_id
      where o.provider_user_id = $1`;
    expect(await owner.query(ofAccount, [account.subject])).toEqual([{ isJoined: true, isOwn: true }]);

    const first = await newConnected();
    await linkWith(first.account, first.browser);
    await connect(first.browser, first.account);
    expect(await owner.query(ofAccount, [first.account.subject])).toEqual([{ isJoined: true, isOwn: true }]);
  });
});
