import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import {
  change,
  connect,
  getToken,
  newConnected,
  newConnectedApp,
  newDue,
  outboxOf,
  trailOf,
  vaultRow,
} from '../../support/connections.ts';
import { newPerson, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

const disconnect = ({ userId, token }: Person, connectionId: string, key?: string) =>
  call(
    'oauth.connections.disconnect',
    { userId, connectionId },
    { token, headers: key === undefined ? {} : { 'idempotency-key': key } },
  );

/** Of a client that is not the deployment's, so that no job that runs beside this test revokes it at once. */
const newOfAnother = (columns = {}) => newDue({ client_id: 'another', ...columns });

const revocationOf = (connectionId: string) =>
  owner.query('select * from grant_revocations where connection_id = $1', [connectionId]);

describe('disconnecting', () => {
  it('takes the tokens out of the vault at once; one is left, sealed as it was, to be revoked', async () => {
    const { person, id, grant } = await newOfAnother();
    const before = await vaultRow(id);
    expect((await disconnect(person, id)).status).toBe(200);
    expect(await vaultRow(id)).toBeUndefined();
    expect((await getToken(person)).data).toEqual({ status: 'not_connected' });
    expect(await revocationOf(id)).toMatchObject([
      {
        id,
        owner: `user:${person.userId}`,
        connector_id: 'demo',
        account_id: grant.subject,
        client_id: 'another',
        token_field: 'refresh_token',
        token: before?.refresh_token,
      },
    ]);
  });

  it('leaves the access token to be revoked where there is no other', async () => {
    const { person, id } = await newOfAnother({ refresh_token: null });
    const before = await vaultRow(id);
    await disconnect(person, id);
    expect(await revocationOf(id)).toMatchObject([{ token_field: 'access_token', token: before?.access_token }]);
  });

  it('is an event, in the trail that outlives it and for webhooks', async () => {
    const { person, connectionId } = await newConnected();
    await disconnect(person, connectionId);
    expect((await trailOf(connectionId)).at(-1)).toMatchObject({
      event: 'disconnected',
      actor_kind: 'session',
      actor_id: person.sessionId,
    });
    expect((await outboxOf(connectionId)).at(-1)).toMatchObject({ type: 'connection.disconnected' });
  });

  it('sent again with its Idempotency-Key succeeds again, and does nothing twice', async () => {
    const { person, id } = await newOfAnother();
    const key = newId();
    expect((await disconnect(person, id, key)).status).toBe(200);
    expect((await disconnect(person, id, key)).status).toBe(200);
    expect((await disconnect(person, id)).code).toBe('connection.not_found');
    expect((await disconnect(person, id, newId())).code).toBe('connection.not_found');
    expect(await outboxOf(id)).toHaveLength(1);
    expect(await revocationOf(id)).toHaveLength(1);
  });

  it('with a key that ended another connection is refused, and ends nothing', async () => {
    const { person, connectionId } = await newConnected();
    const { id } = await newDue();
    await change(id, { user_id: person.userId });
    const key = newId();
    expect((await disconnect(person, connectionId, key)).status).toBe(200);
    expect((await disconnect(person, id, key)).code).toBe('idempotency_key.reused');
    expect(await vaultRow(connectionId)).toBeUndefined();
    expect(await vaultRow(id)).toMatchObject({ id });
  });

  it('of nothing, or of somebody else’s, is not found', async () => {
    const { id } = await newDue();
    const alice = await newPerson(owner);
    expect((await disconnect(alice, newId())).code).toBe('connection.not_found');
    expect((await disconnect(alice, id)).code).toBe('connection.not_found');
    expect(await vaultRow(id)).toBeDefined();
  });

  it('of an account that one signs in with leaves the sign-in as it is', async () => {
    const { person, connectionId, account } = await newConnected();
    await owner.query(
      `insert into oauth_accounts (user_id, provider, issuer, provider_user_id, connection_id)
       values ($1, 'demo', $2, $3, $4)`,
      [person.userId, 'https://issuer.example', account.subject, connectionId],
    );
    await disconnect(person, connectionId);
    expect(
      await owner.query('select user_id, connection_id from oauth_accounts where provider_user_id = $1', [
        account.subject,
      ]),
    ).toEqual([{ user_id: person.userId, connection_id: null }]);
  });

  it('and connecting again is a new connection', async () => {
    const { person, connectionId, account, browser } = await newConnected();
    await disconnect(person, connectionId);
    expect(await connect(browser, account)).toContain('done=connected');
    const { data } = await getToken(person);
    expect(data.status).toBe('active');
    expect(data.connectionId).not.toBe(connectionId);
  });
});

describe('deleting', () => {
  it('a user with connections is refused by the database until they are released', async () => {
    const { person, id } = await newOfAnother();
    const remove = () => owner.query('delete from users where id = $1', [person.userId]);
    await expect(remove()).rejects.toThrow(/oauth_connections/);
    await owner.query('select gatehouse.release_connections($1, null)', [person.userId]);
    await remove();
    expect(await vaultRow(id)).toBeUndefined();
    expect(await revocationOf(id)).toHaveLength(1);
  });

  it('an organisation, too', async () => {
    const { organizationId, connectionId } = await newConnectedApp();
    await change(connectionId, { client_id: 'another' });
    const remove = () => owner.query('delete from organizations where id = $1', [organizationId]);
    await expect(remove()).rejects.toThrow(/oauth_connections/);
    const released = 'select gatehouse.release_connections(null, $1) as count';
    expect(await owner.query(released, [organizationId])).toEqual([{ count: 1 }]);
    expect(await owner.query(released, [organizationId])).toEqual([{ count: 0 }]);
    await remove();
    expect(await revocationOf(connectionId)).toMatchObject([{ owner: `organization:${organizationId}` }]);
  });

  it('releases nobody else’s', async () => {
    const [mine, theirs] = [await newDue(), await newDue()];
    await owner.query('select gatehouse.release_connections($1, null)', [mine.person.userId]);
    expect([await vaultRow(mine.id), (await vaultRow(theirs.id))?.id]).toEqual([undefined, theirs.id]);
  });
});
