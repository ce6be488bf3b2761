import { type SQL, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { memberGate, type Requirement } from '../../src/db/gate.ts';
import { databaseError } from '../../src/errors.ts';
import { readSettings } from '../../src/env.ts';
import { newId } from '../../src/lib/ids.ts';
import { parseCredential } from '../../src/lib/credentials.ts';
import { newConnected, newConnectedApp, newMember, trailOf, vaultRow } from '../support/connections.ts';
import { newOrganization, type Person } from '../support/owner.ts';
import { owner, workerEnv } from '../support/worker.ts';

/** The wall behind the procedures: what a statement of a member can do, should one ever get in. */
let bob: Awaited<ReturnType<typeof newConnectedApp>>;
let his: Awaited<ReturnType<typeof newConnected>>;
let alice: Person;
const requirements: Requirement[] = [];

beforeAll(async () => {
  [bob, his] = [await newConnectedApp(), await newConnected()];
  const organizationId = await newOrganization(owner);
  alice = await newMember(organizationId, 'owner');
  requirements.push({ subject: 'self' }, { subject: 'organization', organizationId, role: 'owner' });
});

/** Runs a statement as Alice: its rows, or the SQLSTATE of the refusal. */
async function asAlice(statement: SQL, requirement: Requirement): Promise<unknown> {
  const { databaseUrl, neonSqlEndpoint } = readSettings(workerEnv);
  const credential = parseCredential(alice.token);
  if (!credential) throw new Error('The session’s secret is none.');
  try {
    const gate = memberGate(connect(databaseUrl, neonSqlEndpoint), credential, requirement);
    const [result] = await gate((db) => [db.execute(statement)]);
    return result.rows;
  } catch (error) {
    const cause = error instanceof Error && 'details' in error ? (error.details as { cause?: unknown }).cause : error;
    return databaseError(cause)?.sqlstate ?? String(error);
  }
}

async function everyWay(statement: SQL): Promise<unknown[]> {
  return Promise.all(requirements.map((requirement) => asAlice(statement, requirement)));
}

const DENIED = ['42501', '42501'];

describe('as a member in SQL, another’s connection', () => {
  it('is not there to read', async () => {
    for (const table of ['oauth_connections', 'connected_apps', 'connection_events']) {
      const found = await everyWay(sql`select id from ${sql.identifier(table)}`);
      expect(found, table).toEqual([[], []]);
    }
    const shown = await asAlice(sql`select count(*) from oauth_connections where id = ${his.connectionId}`, {
      subject: 'self',
    });
    expect(shown).toEqual([{ count: '0' }]);
  });

  it('is not there to any function that a member may call', async () => {
    for (const id of [his.connectionId, bob.connectionId]) {
      const request = JSON.stringify({ connectionId: id, lease: { id: newId(), seconds: 30, singleUse: ['demo'] } });
      const state = JSON.stringify({
        id: newId(),
        stateHash: newId(),
        connector: 'demo',
        browserHash: 'x',
        request: { scopes: [], parameters: {}, connectionId: id },
      });
      const grant = JSON.stringify({
        id: newId(),
        eventId: newId(),
        begunBy: alice.userId,
        connectionId: id,
        connector: 'demo',
        accountId: his.account.subject,
        accessToken: 'x',
        tokenType: 'Bearer',
        scopes: '',
        metadata: {},
        parameters: {},
      });
      const calls: readonly (readonly [SQL, unknown])[] = [
        [sql`select gatehouse.read_token(${request}::jsonb) as found`, { outcome: 'not_connected' }],
        [sql`select gatehouse.disconnect(${id}::uuid, gen_random_uuid()) as found`, 'connection.not_found'],
        [sql`select gatehouse.make_primary(${id}::uuid) as found`, 'connection.not_found'],
        [sql`select gatehouse.connection_breaker(${id}::uuid) as found`, null],
        [sql`select gatehouse.begin_connect(${state}::jsonb) as found`, { outcome: 'connection.not_found' }],
        [sql`select gatehouse.store_connection(${grant}::jsonb) as found`, { outcome: 'connection.not_found' }],
      ];
      for (const [statement, answer] of calls) {
        for (const found of await everyWay(statement)) expect(found).toEqual([{ found: answer }]);
      }
    }
    expect(await vaultRow(his.connectionId)).toMatchObject({ user_id: his.person.userId, lease_id: null });
  });

  it('cannot be stored in the name of whoever began', async () => {
    const grant = JSON.stringify({ begunBy: his.person.userId, connector: 'demo', accountId: 'x' });
    expect(await everyWay(sql`select gatehouse.store_connection(${grant}::jsonb) as found`)).toEqual([
      [{ found: { outcome: 'oauth_state.other_browser' } }],
      [{ found: { outcome: 'oauth_state.other_browser' } }],
    ]);
  });

  it('is not changed, nor any other: no role of a member writes the vault', async () => {
    const mine = sql`${alice.userId}`;
    const statements: SQL[] = [
      sql`update oauth_connections set status = 'revoked'`,
      sql`update oauth_connections set user_id = ${mine} where id = ${his.connectionId}`,
      sql`delete from oauth_connections`,
      sql`insert into oauth_connections (user_id, connector_id, account_id, access_token, scopes)
          values (${mine}, 'demo', 'x', 'x', '')`,
      sql`update connected_apps set connection_id = ${bob.connectionId}`,
      sql`insert into connected_apps (organization_id, provider, connection_id)
          values (${bob.organizationId}, 'demo', ${bob.connectionId})`,
      sql`insert into connection_events (connection_id, user_id, connector_id, event)
          values (${his.connectionId}, ${mine}, 'demo', 'token_read')`,
      sql`delete from connection_events`,
      sql`update oauth_accounts set connection_id = ${his.connectionId}`,
      sql`insert into oauth_states (state_hash, purpose, connector, user_id, browser_hash, expires_at)
          values ('x', 'connect', 'demo', ${mine}, 'x', now())`,
    ];
    for (const statement of statements) expect(await everyWay(statement)).toEqual(DENIED);
    expect(await vaultRow(his.connectionId)).toMatchObject({ status: 'active', user_id: his.person.userId });
    expect((await trailOf(his.connectionId)).map(({ event }) => event)).toEqual(['connected']);
  });
});

describe('as a member in SQL, even of one’s own', () => {
  it.each([
    'access_token',
    'refresh_token',
    'client_id',
    'client_secret',
    'lease_id',
    'lease_until',
    'owner',
    'key_id',
  ])('the column %s is not to be read', async (column) => {
    expect(await everyWay(sql`select ${sql.identifier(column)} from oauth_connections`)).toEqual(DENIED);
  });

  it.each(['grant_revocations', 'connector_breakers', 'oauth_states'])('the table %s is closed', async (table) => {
    expect(await everyWay(sql`select * from ${sql.identifier(table)}`)).toEqual(DENIED);
  });

  it('what jobs call is closed', async () => {
    const id = sql`${his.connectionId}::uuid`;
    const statements: SQL[] = [
      sql`select gatehouse.take_lease(${id}, '{}')`,
      sql`select gatehouse.lease_connections('[]', '{}')`,
      sql`select gatehouse.claim_due(1)`,
      sql`select gatehouse.commit_refresh('{}')`,
      sql`select gatehouse.fail_refresh('{}')`,
      sql`select gatehouse.release_leases(${id}, '{}', 1)`,
      sql`select gatehouse.release_connections(${alice.userId}, null)`,
      sql`select gatehouse.claim_revocations(1)`,
      sql`select gatehouse.settle_revocation(${id}, '{}')`,
      sql`select gatehouse.values_to_reseal('{}', 1)`,
      sql`select gatehouse.reseal_values('[]')`,
      sql`select gatehouse.open_breaker('{}')`,
      sql`select gatehouse.key_coverage()`,
      sql`select gatehouse.own_connection('{}')`,
    ];
    for (const statement of statements) expect(await everyWay(statement)).toEqual(DENIED);
  });
});

describe('a reference to a connection', () => {
  it('never crosses an owner, not even by the owner of the database', async () => {
    const attach = (text: string, params: unknown[]) =>
      owner.query(text, params).then(String, (error: { code?: string }) => error.code);
    const account = `insert into oauth_accounts (user_id, provider, issuer, provider_user_id, connection_id)
      values ($1, 'demo', 'https://issuer.example', $2, $3)`;
    const app = `insert into connected_apps (organization_id, provider, connection_id) values ($1, 'demo', $2)`;
    const organizationId = await newOrganization(owner);
    expect(await attach(account, [alice.userId, newId(), his.connectionId])).toBe('23503');
    expect(await attach(account, [alice.userId, newId(), bob.connectionId])).toBe('23503');
    expect(await attach(app, [organizationId, bob.connectionId])).toBe('23503');
    expect(await attach(app, [organizationId, his.connectionId])).toBe('23503');
    expect(await attach(account, [his.person.userId, newId(), his.connectionId])).not.toBe('23503');
  });
});
