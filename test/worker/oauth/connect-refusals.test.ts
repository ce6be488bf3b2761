import { describe, expect, it } from 'vitest';
import { beginConnect, connect, issuer, newConnected, refusedWith, vaultRow } from '../../support/connections.ts';
import { cancelAt, grantsOf, newAccount, signInAt } from '../../support/oidc-provider.ts';
import { newPerson, newToken } from '../../support/owner.ts';
import { callFrom, comeBack, newBrowser } from '../../support/social.ts';
import { call, owner } from '../../support/worker.ts';

/** A person who has begun to connect an account, and has just come from the provider. */
async function onTheWayBack() {
  const person = await newPerson(owner);
  const browser = newBrowser({ token: person.token });
  const account = newAccount();
  return { person, browser, account, address: await signInAt(await beginConnect(browser), account) };
}

const connectionsOf = (userId: string) =>
  owner.query<{ id: string }>('select id from oauth_connections where user_id = $1', [userId]);

describe('the way back from the provider', () => {
  it('is open once', async () => {
    const { browser, address, person } = await onTheWayBack();
    const cookies = new Map(browser.cookies);
    expect(await comeBack(browser, address)).toContain('done=connected');
    const again = { ...browser, cookies };
    expect(await comeBack(again, address)).toBe(refusedWith('oauth_state.used'));
    expect(await connectionsOf(person.userId)).toHaveLength(1);
  });

  it('is not open in another browser, though it were the same person’s', async () => {
    const { person, address } = await onTheWayBack();
    const other = newBrowser({ token: person.token });
    expect(await comeBack(other, address)).toBe('/sign-in?problem=oauth_state.other_browser');
    expect(await connectionsOf(person.userId)).toHaveLength(0);
  });

  it('is not open to whoever is signed in in that browser by now', async () => {
    const { person, browser, address } = await onTheWayBack();
    const other = await newPerson(owner);
    browser.cookies.set('gatehouse_session', other.token);
    expect(await comeBack(browser, address)).toBe(refusedWith('oauth_state.other_browser'));
    expect([...(await connectionsOf(person.userId)), ...(await connectionsOf(other.userId))]).toEqual([]);
  });

  it('is not open to nobody', async () => {
    const { person, browser, address } = await onTheWayBack();
    browser.cookies.delete('gatehouse_session');
    expect(await comeBack(browser, address)).toBe(refusedWith('credential.missing'));
    expect(await connectionsOf(person.userId)).toEqual([]);
  });

  it('is not open after ten minutes', async () => {
    const { person, browser, address } = await onTheWayBack();
    await owner.query(`update oauth_states set expires_at = expires_at - interval '10 minutes' where user_id = $1`, [
      person.userId,
    ]);
    expect(await comeBack(browser, address)).toBe(refusedWith('oauth_state.expired'));
  });

  it('is not open at another connector', async () => {
    const { person, browser, address } = await onTheWayBack();
    const settings = { GOOGLE_CLIENT_ID: 'x', GOOGLE_CLIENT_SECRET: 'x' };
    const elsewhere = address.replace('/callback/demo', '/callback/google');
    const misled = { ...browser, settings };
    expect(await comeBack(misled, elsewhere)).toBe('/sign-in?problem=oauth_state.invalid');
    // The mistake has not used it up.
    expect(await comeBack(browser, address)).toContain('done=connected');
    expect(await connectionsOf(person.userId)).toHaveLength(1);
  });

  it('is not open with another provider’s name on it', async () => {
    const { browser, address } = await onTheWayBack();
    const url = new URL(address);
    url.searchParams.set('iss', 'https://evil.example');
    expect(await comeBack(browser, url.href)).toBe(refusedWith('provider.issuer_mismatch'));
  });

  it('says so when the person pressed Cancel there', async () => {
    const person = await newPerson(owner);
    const browser = newBrowser({ token: person.token });
    const address = await cancelAt(await beginConnect(browser));
    expect(await comeBack(browser, address)).toBe(refusedWith('provider.denied'));
    expect(await connectionsOf(person.userId)).toEqual([]);
  });

  it('leaves the code nowhere in the database', async () => {
    const { person, browser, address } = await onTheWayBack();
    const code = new URL(address).searchParams.get('code') ?? '';
    const state = new URL(address).searchParams.get('state') ?? '';
    await comeBack(browser, address);
    expect(await connectionsOf(person.userId)).toHaveLength(1);
    const tables = await owner.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    for (const { name } of tables) {
      const found = await owner.query(
        `select from "${name}" t where to_jsonb(t)::text like '%' || $1 || '%' or to_jsonb(t)::text like '%' || $2 || '%'`,
        [code, state],
      );
      expect(found, name).toEqual([]);
    }
  });
});

describe('connecting again', () => {
  it('refuses another account, which changes nothing', async () => {
    const { browser, connectionId, person } = await newConnected();
    const before = await vaultRow(connectionId);
    expect(await connect(browser, newAccount(), { connectionId })).toBe(refusedWith('connection.wrong_account'));
    expect(await vaultRow(connectionId)).toEqual(before);
    expect(await connectionsOf(person.userId)).toHaveLength(1);
  });

  it('gives back the grant that is not kept', async () => {
    const { browser, connectionId } = await newConnected();
    const other = newAccount();
    await connect(browser, other, { connectionId });
    const [kept] = await owner.query('select token_field, token from grant_revocations where account_id = $1', [
      other.subject,
    ]);
    expect(kept).toMatchObject({ token_field: 'refresh_token', token: expect.stringMatching(/^gatehouse:1:/) });
  });

  it('gives back what it refuses: the grant that the provider gave is revoked', async () => {
    const { browser, connectionId } = await newConnected();
    const other = newAccount();
    await connect(browser, other, { connectionId });
    const waiting = await owner.query('select from grant_revocations where account_id = $1', [other.subject]);
    const alive = (await grantsOf(issuer, other.subject)).filter(({ isAlive }) => isAlive);
    // Another test's job may have done it by now.
    expect(waiting.length === 1 || alive.length === 0).toBe(true);
  });

  it('refuses even an account that is connected beside it', async () => {
    const { browser, connectionId, account } = await newConnected();
    await connect(browser, newAccount());
    const [, second] = await owner.query<{ id: string }>(
      'select id from oauth_connections where user_id = (select user_id from oauth_connections where id = $1) order by created_at',
      [connectionId],
    );
    expect(await connect(browser, account, { connectionId: second?.id })).toBe(refusedWith('connection.wrong_account'));
  });

  it('finds nothing when the connection went meanwhile', async () => {
    const { browser, connectionId, account, person } = await newConnected();
    const address = await signInAt(await beginConnect(browser, { connectionId }), account);
    await callFrom(browser, 'oauth.connections.disconnect', { userId: person.userId, connectionId });
    expect(await comeBack(browser, address)).toBe(refusedWith('connection.not_found'));
    expect(await connectionsOf(person.userId)).toEqual([]);
  });

  it('finds nothing under another connector’s name', async () => {
    const { person, connectionId } = await newConnected();
    const settings = { GOOGLE_CLIENT_ID: 'x', GOOGLE_CLIENT_SECRET: 'x' };
    const input = { connector: 'google', connectionId };
    const begun = await call('oauth.connections.connect', input, { token: person.token, settings });
    expect(begun.code).toBe('connection.not_found');
  });
});

describe('beginning to connect', () => {
  it('again with one Idempotency-Key is the same beginning, and another one is refused', async () => {
    const { token } = await newPerson(owner);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const begin = (input: object = {}) =>
      call<{ authorizationUrl: string }>(
        'oauth.connections.connect',
        { connector: 'demo', ...input },
        { token, headers },
      );
    const [first, second] = [await begin(), await begin()];
    const stateOf = ({ data }: typeof first) => new URL(data.authorizationUrl).searchParams.get('state');
    expect(stateOf(second)).toBe(stateOf(first));
    for (const other of [{ scopes: ['phone'] }, { redirectUrl: '/elsewhere' }]) {
      expect((await begin(other)).code).toBe('idempotency_key.reused');
    }
  });

  it('takes a person: no API token can, whatever it may do', async () => {
    const person = await newPerson(owner);
    const { token } = await newToken(owner, {
      kind: 'personal',
      user_id: person.userId,
      scopes: '["connections:read","connections:write","connections:token"]',
    });
    expect((await call('oauth.connections.connect', { connector: 'demo' }, { token })).code).toBe('scope.missing');
  });

  it.each([
    [{ connector: 'google' }, 'provider.unknown'],
    [{ connector: 'apple' }, 'provider.unknown'],
    [{ connector: 'nobody' }, 'input.invalid'],
    [{ connector: 'demo', redirectUrl: 'https://evil.example/' }, 'redirect.refused'],
    [{ connector: 'demo', scopes: ['two scopes'] }, 'input.invalid'],
    [{ connector: 'demo', parameters: { shop: 'x' } }, 'input.invalid'],
  ])('refuses %j', async (input, code) => {
    const { token } = await newPerson(owner);
    expect((await call('oauth.connections.connect', input, { token })).code).toBe(code);
  });
});
