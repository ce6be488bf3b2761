/**
 * One member does their worst, and nobody else notices: a client that is refused, a token that leaked, more and larger
 * rows than anybody needs.
 */
import { describe, expect, it } from 'vitest';
import { resealVault } from '../../src/jobs/reseal-vault.ts';
import { newId } from '../../src/lib/ids.ts';
import { change, getToken, issuer, newDue, trailOf, vaultContext, vaultRow } from '../support/connections.ts';
import { bulkLink, byBackend, grantRows, link, linked, linkEvents, linkRows } from '../support/integrations.ts';
import { redemptionsOf, seedGrants } from '../support/oidc-provider.ts';
import { newPerson, newToken, type Person } from '../support/owner.ts';
import { call, owner, workerEnv } from '../support/worker.ts';

const OURS = String(workerEnv.DEMO_CLIENT_ID);
const PAST = '2020-01-01T00:00:00Z';

/** A grant that its member says is of this client. */
const grantOf = (more: object = {}) => ({
  serviceId: 'demo_calendar',
  externalUserId: newId(),
  accessToken: 'at',
  refreshToken: 'rt',
  tokenExpiresAt: PAST,
  ...more,
});

const tokenOfService = ({ token, userId }: Person, externalUserId: string) =>
  call<{ token: string | null }>(
    'integrations.getToken',
    { userId, service: 'demo_calendar', externalUserId },
    { token, method: 'GET' },
  );

/** Somebody whose token has run out, so that it must be refreshed now: with the deployment's client. */
async function victim() {
  const due = await newDue({ client_id: OURS });
  await change(due.id, { expires_at: PAST });
  return due;
}

const alerts = () =>
  owner.query("select payload from outbox where type = 'connector.misconfigured' and subject_id = 'demo'");

describe('a client that is refused', () => {
  it('stops the grants of nobody else: a wrong secret for the client of this deployment', async () => {
    const [mallory, { person, grant }] = [await newPerson(owner), await victim()];
    const known = (await alerts()).length;
    const wrong = grantOf({ clientId: OURS, clientSecret: 'wrong' });
    // It is not even taken of a person. What a backend brings is, and concerns that grant alone.
    expect(await link(mallory, wrong)).toMatchObject({ status: 400, code: 'integration.incomplete' });
    await linked(await byBackend(mallory), wrong);
    const refused = await tokenOfService(mallory, wrong.externalUserId);
    expect(refused).toMatchObject({ status: 409, code: 'connection.client_refused' });
    const { data, code } = await getToken(person);
    expect([code, data.accessToken]).toEqual([undefined, expect.any(String)]);
    expect(data.accessToken).not.toBe(grant.accessToken);
    expect(await alerts()).toHaveLength(known);
  });

  it('leaves its evidence with the grant, which says what to do', async () => {
    const mallory = await newPerson(owner);
    const own = grantOf({ clientId: 'their-own', clientSecret: 'wrong' });
    const connectionId = String((await linked(mallory, own)).connectionId);
    for (const _ of ['first', 'while it waits']) {
      const refused = await tokenOfService(mallory, own.externalUserId);
      expect(refused).toMatchObject({ status: 409, code: 'connection.client_refused' });
    }
    expect(await vaultRow(connectionId)).toMatchObject({
      status: 'active',
      failure_count: 1,
      last_failure: { class: 'configuration', code: 'invalid_client' },
    });
    expect((await trailOf(connectionId)).map(({ event }) => event)).toContain('refresh_failed');
    const input = { userId: mallory.userId, connectionId };
    const explained = await call('oauth.connections.explain', input, { token: mallory.token, method: 'GET' });
    expect(explained.data).toMatchObject({
      health: 'failing',
      summary: expect.stringContaining('Link it again with the right client id and secret'),
    });
  });

  it('is forgotten when it is linked again with the right secret', async () => {
    const me = await newPerson(owner);
    const [grant] = await seedGrants(issuer, 1);
    const brought = grantOf({ refreshToken: grant?.refreshToken, clientId: OURS, clientSecret: 'wrong' });
    await linked(await byBackend(me), brought);
    expect((await tokenOfService(me, brought.externalUserId)).code).toBe('connection.client_refused');
    await linked(await byBackend(me), { ...brought, clientSecret: String(workerEnv.DEMO_CLIENT_SECRET) });
    const { status, code, data } = await tokenOfService(me, brought.externalUserId);
    expect([status, code, data.token]).toEqual([200, undefined, expect.any(String)]);
  });

  it('is kept apart by owner, by client, and by the server that the parameters name', async () => {
    const keyOf = async (columns: Record<string, unknown>) => {
      const { id } = await newDue(columns);
      const [row] = await owner.query<{ key: string }>(
        'select gatehouse.breaker_key(c) as key from oauth_connections c where id = $1',
        [id],
      );
      return row?.key ?? '';
    };
    const own = { client_id: OURS, client_secret: 'gatehouse:1:dev:x' };
    expect(await keyOf({ client_id: OURS })).toBe(OURS);
    expect(await keyOf({ client_id: null })).toBe('');
    // A secret without a client is never used: the deployment's is (src/domain/oauth/client.ts).
    expect(await keyOf({ ...own, client_id: null })).toBe('');
    const keys = [
      await keyOf(own),
      await keyOf(own),
      await keyOf({ client_id: OURS, parameters: '{"shop": "a"}' }),
      await keyOf({ client_id: OURS, parameters: '{"shop": "b"}' }),
      OURS,
      '',
    ];
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(255);
  });
});

describe('a refresh token that leaked', () => {
  const attempts: [string, object][] = [
    ['without a client', {}],
    ['with the client of this deployment', { clientId: OURS }],
    ['with it and some secret', { clientId: OURS, clientSecret: 'some' }],
    ['with a client and no secret', { clientId: 'their-own' }],
    ['with a secret and no client', { clientSecret: 'some' }],
  ];

  it.each(attempts)('is not redeemed with our secret for who brings it %s', async (_, client) => {
    const mallory = await newPerson(owner);
    const [leaked] = await seedGrants(issuer, 1);
    const stolen = grantOf({ refreshToken: leaked?.refreshToken, ...client });
    const personal = await newToken(owner, {
      kind: 'personal',
      user_id: mallory.userId,
      scopes: '["integrations:write"]',
    });
    for (const who of [mallory, { ...mallory, token: personal.token }]) {
      const refused = await link(who, stolen);
      expect(refused).toMatchObject({ status: 400, code: 'integration.incomplete' });
      const { data } = await bulkLink(who, [stolen]);
      expect(data.results).toMatchObject([{ success: false, code: 'integration.incomplete' }]);
    }
    expect(await grantRows(mallory.userId)).toEqual([]);
    const { succeeded } = await redemptionsOf(issuer, leaked?.refreshToken ?? '');
    expect(succeeded).toBe(0);
  });

  it('is not redeemed by linking it with a client of one’s own first, and that of this deployment then', async () => {
    const mallory = await newPerson(owner);
    const [leaked] = await seedGrants(issuer, 1);
    const own = grantOf({ refreshToken: leaked?.refreshToken, clientId: 'their-own', clientSecret: 'some' });
    await linked(mallory, own);
    await linked(mallory, { ...own, refreshToken: undefined, clientSecret: undefined, clientId: OURS });
    await tokenOfService(mallory, own.externalUserId);
    expect((await redemptionsOf(issuer, leaked?.refreshToken ?? '')).succeeded).toBe(0);
  });

  it('is a backend’s to bring, with or without the client of this deployment', async () => {
    for (const client of [{}, { clientId: OURS }]) {
      const me = await newPerson(owner);
      const [grant] = await seedGrants(issuer, 1);
      const brought = grantOf({ refreshToken: grant?.refreshToken, ...client });
      await linked(await byBackend(me), brought);
      const { status, data } = await tokenOfService(me, brought.externalUserId);
      expect([status, data.token]).toEqual([200, expect.any(String)]);
    }
  });
});

describe('what a member stores', () => {
  it('is at most 200 grants, brought and connected ones together', async () => {
    const mallory = await newPerson(owner);
    const many = Array.from({ length: 300 }, (_, i) => ({
      serviceId: 'gmail',
      externalUserId: `${i}@example.com`,
      accessToken: 'x',
    }));
    const { data } = await bulkLink(mallory, many);
    expect([data.succeeded, data.failed]).toEqual([200, 100]);
    expect(new Set(data.results.slice(200).map(({ code }) => code))).toEqual(new Set(['connection.limit_reached']));
    expect(await grantRows(mallory.userId)).toHaveLength(200);
    const more = await link(mallory, { serviceId: 'google_calendar', accessToken: 'x' });
    expect(more).toMatchObject({ status: 409, code: 'connection.limit_reached' });
    // What is there can be linked again.
    expect(await link(mallory, many[0] ?? {})).toMatchObject({ status: 200 });
  });

  it('is at most 1,000 links', async () => {
    const mallory = await newPerson(owner);
    const links = (prefix: string, length: number) =>
      Array.from({ length }, (_, i) => ({ serviceId: 'telegram', externalUserId: `${prefix}${i}` }));
    expect((await bulkLink(mallory, links('a', 600))).data.succeeded).toBe(600);
    const { data } = await bulkLink(mallory, [...links('a', 300), ...links('b', 700)]);
    expect([data.succeeded, data.failed]).toEqual([700, 300]);
    expect(data.results.at(-1)).toMatchObject({ code: 'integration.limit_reached' });
    expect(await linkRows(mallory.userId)).toHaveLength(1000);
    const more = await link(mallory, { serviceId: 'signal', externalUserId: 'x' });
    expect(more).toMatchObject({ status: 409, code: 'integration.limit_reached' });
    expect(await link(mallory, { serviceId: 'telegram', externalUserId: 'a1' })).toMatchObject({ status: 200 });
  });

  it('does not grow by linking again: metadata is at most 16 KiB, however it comes together', async () => {
    const mallory = await newPerson(owner);
    const account = { serviceId: 'telegram', externalUserId: newId() };
    const { id } = await linked(mallory, { ...account, metadata: { first: 'x'.repeat(10_000) } });
    const refused = { status: 413, code: 'integration.too_large', message: expect.stringContaining('metadata') };
    const more = await link(mallory, { ...account, metadata: { second: 'x'.repeat(10_000) } });
    expect(await said(more)).toMatchObject(refused);
    const input = { userId: mallory.userId, integrationId: id, metadata: { all: 'x'.repeat(20_000) } };
    expect(await said(await call('integrations.update', input, { token: mallory.token }))).toMatchObject(refused);
    expect(await linked(mallory, { ...account, metadata: { first: 'small' } })).toMatchObject({
      metadata: { first: 'small' },
    });
  });

  it('is at most 64 KiB of credentials a link', async () => {
    const mallory = await newPerson(owner);
    const account = { serviceId: 'telegram', externalUserId: newId() };
    const large = await link(mallory, { ...account, credentials: { value: 'x'.repeat(180_000) } });
    expect(await said(large)).toMatchObject({
      status: 413,
      code: 'integration.too_large',
      message: expect.stringContaining('credentials'),
    });
    await linked(mallory, { ...account, credentials: { value: 'x'.repeat(48_000) } });
  });

  it('is no event where nothing changed', async () => {
    const me = await newPerson(owner);
    const account = { serviceId: 'gmail', externalUserId: newId(), accessToken: 'x', metadata: { a: 1 } };
    for (const _ of [1, 2, 3]) await linked(me, account);
    expect(await linkEvents(me.userId)).toHaveLength(1);
    const [{ id = '' } = {}] = await grantRows(me.userId);
    expect((await trailOf(String(id))).map(({ event }) => event)).toEqual(['connected']);
    await linked(me, { ...account, metadata: { a: 2 } });
    expect(await linkEvents(me.userId)).toHaveLength(2);
    // What did not work any more, and does again, is news.
    await change(String(id), { status: 'revoked' });
    await linked(me, { ...account, metadata: { a: 2 } });
    expect(await linkEvents(me.userId)).toHaveLength(3);
  });

  it('is at most 5,000 changes of links a day, however they alternate', async () => {
    const mallory = await newPerson(owner);
    const account = { serviceId: 'telegram', externalUserId: newId() };
    const { id } = await linked(mallory, account);
    await owner.query(
      "insert into outbox (type, user_id) select 'integration.linked', $1 from generate_series(1, 4998)",
      [mallory.userId],
    );
    const input = { userId: mallory.userId, integrationId: id };
    expect((await call('integrations.unlink', input, { token: mallory.token })).status).toBe(200);
    expect(await link(mallory, account)).toMatchObject({ status: 409, code: 'integration.limit_reached' });
    const { data } = await bulkLink(mallory, [account]);
    expect(data.results).toMatchObject([{ success: false, code: 'integration.limit_reached' }]);
    const [{ count } = { count: '' }] = await owner.query<{ count: string }>(
      'select count(*) from outbox where user_id = $1',
      [mallory.userId],
    );
    expect(count).toBe('5000');
  });

  it('is at most 200 API tokens a day, ended ones too', async () => {
    const mallory = await newPerson(owner);
    await owner.query(
      `insert into api_tokens (kind, user_id, name, token_hash, token_prefix, expires_at, revoked_at)
       select 'personal', $1, 'x', $1 || i, 'gtk_x', now() + interval '1 day', now() from generate_series(1, 199) i`,
      [mallory.userId],
    );
    const create = () =>
      call('auth.createToken', { name: 'x', scopes: ['profile:read'], expiresInDays: 1 }, { token: mallory.token });
    expect(await create()).toMatchObject({ status: 200 });
    expect(await said(await create())).toMatchObject({
      status: 409,
      code: 'token.limit_reached',
      message: expect.stringContaining('within a day'),
    });
  });
});

/** A refusal with its sentence. */
async function said({ status, code, response }: Awaited<ReturnType<typeof call>>) {
  const body = JSON.stringify(await response.json());
  return { status, code, message: body };
}

describe('key rotation', () => {
  /** A ring with a key of this test alone, which is the active one; and the ring of who rotates it away. */
  function ownKey() {
    const name = `k${newId().slice(-8)}`;
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const ring = `${String(workerEnv.TOKEN_KEYS)},${name}:${btoa(String.fromCharCode(...bytes))}`;
    return {
      name,
      before: { TOKEN_KEYS: ring, TOKEN_KEY_ACTIVE: name },
      after: { TOKEN_KEYS: ring },
      rowsLeft: async (userId: string) =>
        (
          await owner.query(
            `select from user_integrations where user_id = $1 and key_id = $2
             union all select from oauth_connections where user_id = $1 and key_id = $2`,
            [userId, name],
          )
        ).length,
    };
  }

  it('goes on over 200 grants of one member at the full size of tokens', async () => {
    const key = ownKey();
    const [mallory, bob] = [await newPerson(owner), await newPerson(owner)];
    const settings = key.before;
    const token = 'é'.repeat(16_384);
    for (let at = 0; at < 200; at += 20) {
      const services = Array.from({ length: 20 }, (_, i) => ({
        serviceId: 'gmail',
        externalUserId: `${at + i}@example.com`,
        accessToken: token,
        refreshToken: token,
        clientId: 'their-own',
        clientSecret: 'x',
      }));
      const { userId } = mallory;
      const { data } = await call<{ succeeded: number }>(
        'integrations.bulkLink',
        { userId, services },
        { token: mallory.token, settings },
      );
      expect(data.succeeded).toBe(20);
    }
    const input = { userId: bob.userId, serviceId: 'gmail', accessToken: 'x' };
    expect((await call('integrations.link', input, { token: bob.token, settings })).status).toBe(200);
    expect(await key.rowsLeft(mallory.userId)).toBe(200);
    const { resealed } = await resealVault(vaultContext(key.after).ctx);
    expect(resealed).toBeGreaterThan(50);
    expect(await key.rowsLeft(bob.userId)).toBe(0);
    for (let run = 0; run < 9 && (await key.rowsLeft(mallory.userId)) > 0; run += 1) {
      await resealVault(vaultContext(key.after).ctx);
    }
    expect(await key.rowsLeft(mallory.userId)).toBe(0);
  }, 120_000);

  it('sets aside rows that do not open, with evidence, and goes on with everybody else’s', async () => {
    const key = ownKey();
    const settings = key.before;
    const people = [await newPerson(owner), await newPerson(owner), await newPerson(owner)];
    const [first, bob, last] = people as [Person, Person, Person];
    const services = Array.from({ length: 210 }, (_, i) => ({
      serviceId: 'telegram',
      externalUserId: String(i),
      credentials: { i },
    }));
    for (const { userId, token } of [first, last])
      await call('integrations.bulkLink', { userId, services }, { token, settings });
    await call('integrations.link', { userId: bob.userId, ...services[0] }, { token: bob.token, settings });
    await owner.query(
      `update user_integrations set credentials = to_jsonb((credentials #>> '{}') || 'AAAA') where user_id = any($1)`,
      [`{${first.userId},${last.userId}}`],
    );
    const run = () => resealVault(vaultContext(key.after).ctx);
    const { unreadable } = await run();
    expect(unreadable).toBe(420);
    expect(await key.rowsLeft(bob.userId)).toBe(0);
    const evidence = () =>
      owner.query<{ attempts: string; last_failure: object; waits: boolean }>(
        `select f.attempts, f.last_failure, f.retry_at > now() + interval '50 minutes' as waits from job_failures f
           join user_integrations ui on ui.id = f.row_id where ui.user_id = $1 and f.job = 'reseal'`,
        [first.userId],
      );
    expect(await evidence()).toHaveLength(210);
    expect((await evidence())[0]).toMatchObject({
      attempts: '1',
      last_failure: { code: expect.any(String) },
      waits: true,
    });
    // They are not found again before their time, then once, and wait longer.
    expect((await run()).unreadable).toBe(0);
    await owner.query(
      `update job_failures set retry_at = now() where row_id in (select id from user_integrations where user_id = $1)`,
      [first.userId],
    );
    expect((await run()).unreadable).toBe(210);
    expect((await evidence())[0]).toMatchObject({ attempts: '2', waits: true });
    // One that is mended is done, and its entry gone.
    await owner.query(
      `update user_integrations set credentials = to_jsonb(left(credentials #>> '{}', -4)) where user_id = $1`,
      [first.userId],
    );
    await owner.query(
      `update job_failures set retry_at = now() where row_id in (select id from user_integrations where user_id = $1)`,
      [first.userId],
    );
    await run();
    expect([await key.rowsLeft(first.userId), (await evidence()).length]).toEqual([0, 0]);
  }, 120_000);
});
