import { describe, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { revokeGrants } from '../../../src/domain/oauth/revocations.ts';
import { change, newDue, trailOf, vaultContext, vaultRow } from '../../support/connections.ts';
import { callFrom, newBrowser } from '../../support/social.ts';
import { call, owner, PUBLIC_URL, send } from '../../support/worker.ts';

/** A grant of a connector that no code here knows: a row of data alone. */
async function newUnknown(columns: Record<string, unknown> = {}) {
  const made = await newDue();
  await change(made.id, {
    connector_id: 'signal',
    access_token: 'signal-token',
    refresh_token: 'signal-refresh',
    expires_at: null,
    next_refresh_at: null,
    ...columns,
  });
  await owner.query(
    "insert into user_integrations (user_id, service_id, external_user_id, connection_id) values ($1, 'signal', 's-1', $2)",
    [made.person.userId, made.id],
  );
  return made;
}

const tokenOf = ({ userId, token }: { userId: string; token: string }) =>
  call('integrations.getToken', { userId, service: 'signal' }, { token });

describe('a grant of a connector without code here', () => {
  it('is listed, explained and shown', async () => {
    const { person, id } = await newUnknown();
    const { userId, token } = person;
    const list = await call<{ items: object[] }>('oauth.connections.list', { userId }, { token });
    expect(list.data.items).toMatchObject([{ id, connector: 'signal', status: 'active', missingScopes: [] }]);
    const explained = await call('oauth.connections.explain', { userId, connectionId: id }, { token, method: 'GET' });
    expect(explained.data).toMatchObject({ health: 'healthy' });
    const page = await send(
      new Request(`${PUBLIC_URL}/account/connections`, { headers: { cookie: `gatehouse_session=${token}` } }),
    );
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('signal')]);
  });

  it('gives its token as it is, and nobody tries to renew it', async () => {
    const { person, id } = await newUnknown({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    expect((await tokenOf(person)).data).toMatchObject({ token: 'signal-token' });
    await change(id, { expires_at: new Date(Date.now() - 60_000).toISOString() });
    expect((await tokenOf(person)).data).toMatchObject({ token: null, isExpired: true });
    expect(await vaultRow(id)).toMatchObject({ status: 'active', version: '1', lease_id: null, next_refresh_at: null });
    expect(await owner.query("select from connector_breakers where connector_id = 'signal'")).toEqual([]);
  });

  it('is not refreshed by hand either', async () => {
    const { person, id } = await newUnknown();
    const { userId, token } = person;
    const answer = await callFrom(newBrowser({ token }), 'oauth.connections.refresh', { userId, connectionId: id });
    expect(answer.status).toBe(200);
    expect(await vaultRow(id)).toMatchObject({ version: '1', last_failure: null });
  });

  it('that was due nonetheless is due no more', async () => {
    const { id } = await newUnknown({ next_refresh_at: new Date().toISOString() });
    const { ctx, logs } = vaultContext();
    expect(await refreshBatch(ctx, [[id, 1]])).toMatchObject({ refreshed: 0, failed: 0, skipped: 1 });
    expect(await vaultRow(id)).toMatchObject({ next_refresh_at: null, lease_id: null, failure_count: 0 });
    expect(logs).toEqual([]);
  });

  it('is forgotten at once when it is given up: there is nobody to tell', async () => {
    const { person, id } = await newUnknown();
    const { userId, token } = person;
    await call('oauth.connections.disconnect', { userId, connectionId: id }, { token });
    const { ctx } = vaultContext();
    const isWaiting = () => owner.query('select from grant_revocations where connection_id = $1', [id]);
    for (let again = 0; again < 20 && (await isWaiting()).length > 0; again += 1) await revokeGrants(ctx);
    expect(await isWaiting()).toEqual([]);
    expect((await trailOf(id)).at(-1)).toMatchObject({ event: 'grant_not_revocable' });
  });
});
