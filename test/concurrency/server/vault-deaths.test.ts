import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { connectorSettings, type OidcProvider, startOidcProvider } from '../../../scripts/support/oidc-provider.ts';
import type { Rotation } from '../../../scripts/support/oidc-provider.ts';
import { requireServer } from '../../support/require-server.ts';
import { seedConnection, seedConnections, type SeededConnection } from '../../support/seed-vault.ts';
import { newPerson } from '../../support/owner.ts';
import { type ServerWorker, startServerWorker, type WorkerProcess } from '../../support/server-worker.ts';

/** Where the provider stops a refresh, for the Worker to be killed there. */
let stopAt: 'asked' | 'answered' | null = null;
let stopped: () => void = () => undefined;
let goOn: Promise<void> = Promise.resolve();

let provider: OidcProvider;
let server: ServerWorker;
let settings: Record<string, string>;

beforeAll(async () => {
  requireServer();
  provider = await startOidcProvider({
    redirectUris: ['http://localhost/oauth/callback/demo'],
    clientId: 'gatehouse-deaths',
    extend: (oidc) => {
      oidc.use(async (ctx, next) => {
        if (ctx.path !== '/token') return next();
        if (stopAt === 'asked') {
          stopped();
          await goOn;
          // Whoever asked is dead: the request never came.
          ctx.req.destroy();
          return;
        }
        await next();
        if (stopAt !== 'answered') return;
        stopped();
        await goOn;
      });
    },
  });
  settings = connectorSettings(provider);
  server = await startServerWorker({ processes: 2, settings });
}, 120_000);
afterAll(async () => {
  await server?.close();
  await provider?.close();
});
beforeEach(() => {
  stopAt = null;
});

const [doomed, survivor] = [0, 1].map((index) => (): WorkerProcess => {
  const worker = server.processes[index];
  if (!worker) throw new Error('No such process.');
  return worker;
}) as [() => WorkerProcess, () => WorkerProcess];

const seed = async (rotation: Rotation = 'strict') => {
  const [grant] = await provider.grants.seed(1, { rotation });
  if (!grant) throw new Error('The provider gave no grant.');
  return seedConnection(server.owner, { ...inject('worker'), ...settings } as never, grant);
};

const getToken = (worker: WorkerProcess, { person }: SeededConnection) =>
  worker.call('oauth.connections.getToken', { userId: person.userId, connector: 'demo' }, { token: person.token });

const explain = (worker: WorkerProcess, { person, id }: SeededConnection) =>
  worker.call('oauth.connections.explain', { userId: person.userId, connectionId: id }, { token: person.token });

/** The lease of a dead Worker runs out, and so does the time that its answer is given to arrive. */
async function leaseRunsOut({ id }: SeededConnection): Promise<void> {
  const past = "update oauth_connections set lease_until = now() - interval '1 second' where id = $1";
  await server.owner.query(past, [id]);
  await server.owner.query('select gatehouse.take_lease($1, $2)', [
    id,
    { id: crypto.randomUUID(), seconds: 30, isForced: true, singleUse: ['demo'] },
  ]);
  await server.owner.query(past, [id]);
}

/** Begins a refresh, and kills the Worker at that point of it. */
async function dieAt(point: 'asked' | 'answered', connection: SeededConnection): Promise<void> {
  stopAt = point;
  const reached = new Promise<void>((done) => (stopped = done));
  let release: () => void = () => undefined;
  goOn = new Promise<void>((done) => (release = done));
  const call = getToken(doomed(), connection).catch(() => 'the connection was lost');
  await reached;
  await doomed().kill();
  stopAt = null;
  release();
  expect(await call).toBe('the connection was lost');
  await doomed().restart();
}

describe('a Worker that is killed in a refresh', () => {
  it('before the provider was asked: the next one refreshes, once', async () => {
    const connection = await seed();
    await dieAt('asked', connection);
    await leaseRunsOut(connection);
    const { data } = await getToken(survivor(), connection);
    expect(data.status).toBe('active');
    expect(data.accessToken).not.toBe(connection.grant.accessToken);
    expect(provider.grants.redemptionsOf(connection.grant.refreshToken)).toEqual({ succeeded: 1, failed: 0 });
  });

  it('after the answer, where a refresh token is good for many uses: the next one refreshes', async () => {
    const connection = await seed('none');
    await dieAt('answered', connection);
    await leaseRunsOut(connection);
    const { data } = await getToken(survivor(), connection);
    expect(data.status).toBe('active');
    expect(await provider.grants.isAlive(connection.grant.grantId)).toBe(true);
  });

  it('after the answer, where it is good for one: the grant is lost, and the connection says why', async () => {
    const connection = await seed();
    await dieAt('answered', connection);
    await leaseRunsOut(connection);
    const { data } = await getToken(survivor(), connection);
    expect(data).toMatchObject({ status: 'needs_reauthorization', reason: 'revoked' });
    const explained = await explain(survivor(), connection);
    expect(JSON.stringify(explained.data)).toContain('"afterUnanswered":true');
  });

  it('after the commit: its token is there', async () => {
    const connection = await seed();
    const first = await getToken(doomed(), connection);
    await doomed().kill();
    const second = await getToken(survivor(), connection);
    await doomed().restart();
    expect(second.data.accessToken).toBe(first.data.accessToken);
    expect(provider.grants.redemptionsOf(connection.grant.refreshToken)).toEqual({ succeeded: 1, failed: 0 });
  });

  it('in a batch: at most the six in flight are lost, and none is redeemed twice', async () => {
    const grants = await provider.grants.seed(50, { rotation: 'strict' });
    const people = await Promise.all(grants.map(() => newPerson(server.owner)));
    const userIds = people.map(({ userId }) => userId);
    const ids = await seedConnections(server.owner, { ...inject('worker'), ...settings } as never, { userIds, grants });
    let answered = 0;
    const reached = new Promise<void>((done) => {
      stopAt = 'answered';
      goOn = Promise.resolve();
      stopped = () => {
        answered += 1;
        if (answered === 20) done();
      };
    });
    const batch = doomed()
      .queue([{ kind: 'refresh', rows: ids.map((id) => [id, 1]) }])
      .catch(() => null);
    await reached;
    await doomed().kill();
    await batch;
    stopAt = null;
    await doomed().restart();
    const left = await server.owner.query<{ id: string }>(
      'select id from oauth_connections where id = any ($1) and version = 1',
      [`{${ids.join(',')}}`],
    );
    expect(left.length).toBeGreaterThan(0);
    for (let round = 0; round < 2; round += 1) {
      await server.owner.query(
        "update oauth_connections set lease_until = now() - interval '1 second' where id = any ($1)",
        [`{${ids.join(',')}}`],
      );
      await survivor().queue([{ kind: 'refresh', rows: left.map(({ id }) => [id, 1]) }]);
    }
    const states = await server.owner.query<{ status: string; version: string; count: string }>(
      'select status, version, count(*) from oauth_connections where id = any ($1) group by 1, 2',
      [`{${ids.join(',')}}`],
    );
    const count = (status: string) =>
      states.filter((state) => state.status === status).reduce((sum, state) => sum + Number(state.count), 0);
    expect(count('active') + count('revoked')).toBe(50);
    expect(count('revoked')).toBeLessThanOrEqual(6);
    expect(states.every(({ status, version }) => status === 'revoked' || version === '2')).toBe(true);
    for (const { refreshToken } of grants) {
      expect(provider.grants.redemptionsOf(refreshToken).succeeded).toBe(1);
    }
  });
});
