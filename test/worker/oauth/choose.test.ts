import { describe, expect, it } from 'vitest';
import { change, connect, getToken, newConnected, newDue } from '../../support/connections.ts';
import { newAccount } from '../../support/oidc-provider.ts';
import { newToken, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

interface View {
  readonly id: string;
  readonly accountId: string;
  readonly isPrimary: boolean;
}

async function list(person: Person, input: object = {}): Promise<View[]> {
  const { data } = await call<{ items: View[] }>(
    'oauth.connections.list',
    { userId: person.userId, ...input },
    { token: person.token },
  );
  return data.items;
}

/** A person with three accounts, the oldest first. */
async function withThree() {
  const { person, browser } = await newConnected();
  for (let more = 0; more < 2; more += 1) await connect(browser, newAccount());
  const [first, second, third] = await list(person);
  if (!first || !second || !third) throw new Error('There are not three.');
  return { person, first, second, third };
}

const makePrimary = ({ userId, token }: Person, connectionId: string) =>
  call('oauth.connections.makePrimary', { userId, connectionId }, { token });

describe('which account is meant', () => {
  it('is the earliest that works, when none is named', async () => {
    const { person, first, second } = await withThree();
    expect((await getToken(person)).data.connectionId).toBe(first.id);
    await change(first.id, { status: 'revoked' });
    expect((await getToken(person)).data.connectionId).toBe(second.id);
  });

  it('is the primary one, once there is one, whether it works or not', async () => {
    const { person, third } = await withThree();
    expect((await makePrimary(person, third.id)).status).toBe(200);
    expect((await getToken(person)).data.connectionId).toBe(third.id);
    await change(third.id, { status: 'revoked' });
    expect((await getToken(person)).data).toMatchObject({ status: 'needs_reauthorization', connectionId: third.id });
  });

  it('is one at a time: the last that was made primary', async () => {
    const { person, first, second, third } = await withThree();
    for (const { id } of [second, third, third]) await makePrimary(person, id);
    expect((await list(person)).map(({ isPrimary }) => isPrimary)).toEqual([false, false, true]);
    await makePrimary(person, first.id);
    expect((await list(person)).map(({ isPrimary }) => isPrimary)).toEqual([true, false, false]);
  });

  it('is the one that is named, in the provider’s words', async () => {
    const { person, first, second } = await withThree();
    await makePrimary(person, first.id);
    expect((await getToken(person, { accountId: second.accountId })).data.connectionId).toBe(second.id);
    expect((await getToken(person, { accountId: 'nobody' })).data).toEqual({ status: 'not_connected' });
  });

  it('is asked of one connector alone', async () => {
    const { person } = await newConnected();
    expect((await getToken(person, { connector: 'google' })).data).toEqual({ status: 'not_connected' });
    expect(await list(person, { connector: 'google' })).toEqual([]);
    expect(await list(person, { connector: 'demo' })).toHaveLength(1);
  });
});

describe('a connection', () => {
  it('is shown with its account and state, and without anything secret', async () => {
    const { person, connectionId, account } = await newConnected();
    const input = { userId: person.userId, connectionId };
    const { data, response } = await call('oauth.connections.get', input, { token: person.token });
    expect(data).toMatchObject({
      id: connectionId,
      connector: 'demo',
      accountId: account.subject,
      account: { account_id: account.subject, email: account.email },
      status: 'active',
      isPrimary: false,
      lastRefreshAt: null,
      failingSince: null,
    });
    expect(await response.text()).not.toMatch(/gatehouse:1|lease|clientSecret|refreshToken/);
  });

  it('is explained with its evidence: failure, attempts, next try, and what happened', async () => {
    const { id, person } = await newDue({
      failure_count: 4,
      failing_since: new Date().toISOString(),
      last_failure: '{"class": "transient", "code": "http_503", "status": 503, "at": "2026-03-01T10:00:00+00:00"}',
    });
    await owner.query(
      "insert into connection_events (connection_id, user_id, connector_id, event) values ($1, $2, 'demo', 'refresh_failed')",
      [id, person.userId],
    );
    const input = { userId: person.userId, connectionId: id };
    const { data } = await call('oauth.connections.explain', input, { token: person.token, method: 'GET' });
    expect(data).toMatchObject({
      health: 'failing',
      attempts: 4,
      failure: { class: 'transient', code: 'http_503', status: 503, at: '2026-03-01T10:00:00.000Z' },
      paused: null,
      events: [{ event: 'refresh_failed' }],
    });
    expect(data.nextRefreshAt).toEqual(expect.any(String));
  });

  it('is for each scope what that scope says: reading is not using, and using is not changing', async () => {
    const { person, connectionId } = await newConnected();
    const input = { userId: person.userId, connectionId };
    const calls: readonly [string, string][] = [
      ['connections:read', 'oauth.connections.get'],
      ['connections:token', 'oauth.connections.getToken'],
      ['connections:write', 'oauth.connections.makePrimary'],
    ];
    for (const [scope] of calls) {
      const { token } = await newToken(owner, { kind: 'personal', user_id: person.userId, scopes: `["${scope}"]` });
      for (const [needed, path] of calls) {
        const { code } = await call(path, { ...input, connector: 'demo' }, { token });
        expect(code, `${path} with ${scope}`).toBe(needed === scope ? undefined : 'scope.missing');
      }
    }
  });
});
