import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { enqueueDueConnections } from '../../../src/jobs/enqueue-due-connections.ts';
import { randomKeyRing } from '../../../scripts/support/stack.ts';
import { type OwnVault, startOwnVault } from '../../support/own-vault.ts';

/** A day in steps of five minutes. */
const DAY = 24 * 60;
const STEP = 5;

let vault: OwnVault;
let isDown = false;
let attempts = 0;

const start = () =>
  startOwnVault({
    extend: (provider) => {
      provider.use(async (ctx, next) => {
        if (ctx.path !== '/token') return next();
        attempts += 1;
        if (isDown) ctx.status = 503;
        else await next();
      });
    },
  });

beforeAll(async () => {
  vault = await start();
}, 120_000);
afterAll(() => vault?.close());

/** How the connections are, by what is told of them. */
const states = async (of: OwnVault = vault) =>
  of.owner.query<{ status: string; failing: boolean; version: string; count: string }>(
    `select status, failing_since is not null as failing, version, count(*) from oauth_connections group by 1, 2, 3`,
  );

describe('a provider that is down for a day', () => {
  it('changes no status, is asked a bounded number of times, and all recover', async () => {
    const count = 200;
    await vault.seed(count);
    const ctx = vault.context();
    isDown = true;
    attempts = 0;
    for (let minute = 0; minute < DAY; minute += STEP) {
      await vault.sweep(ctx);
      await vault.letPass(STEP);
    }
    const after = await states();
    expect(new Set(after.map(({ status, version }) => `${status} ${version}`))).toEqual(new Set(['active 1']));
    expect(attempts).toBeGreaterThan(10);
    // Without the breaker and the backoff it would be 288 each.
    expect(attempts / count).toBeLessThan(30);
    const [evidence] = await vault.owner.query<{ last_failure: Record<string, unknown> }>(
      'select last_failure from oauth_connections where failing_since is not null limit 1',
    );
    expect(evidence?.last_failure).toMatchObject({ class: 'transient', status: 503 });
    isDown = false;
    for (let minute = 0; minute < 120; minute += STEP) {
      await vault.sweep(ctx);
      await vault.letPass(STEP);
    }
    const recovered = await states();
    expect(
      recovered.every(({ status, failing, version }) => status === 'active' && !failing && Number(version) > 1),
    ).toBe(true);
    expect(vault.provider.grants.totals()).toMatchObject({ mostPerToken: 1 });
    expect(await vault.owner.query('select from connector_breakers')).toEqual([]);
  });
});

describe('a wrong client secret', () => {
  it('touches no connection, and is told once', async () => {
    const own = await start();
    try {
      await own.seed(120);
      const wrong = own.context({ DEMO_CLIENT_SECRET: 'not-the-secret-of-this-client-at-all' });
      for (let minute = 0; minute < 180; minute += STEP) {
        await own.sweep(wrong);
        await own.letPass(STEP);
      }
      const touched = await own.owner.query(
        `select 1 from oauth_connections where status <> 'active' or version <> 1 or failure_count <> 0
           or failing_since is not null or last_failure is not null`,
      );
      expect(touched).toEqual([]);
      expect(await own.owner.query("select type from outbox where type like 'conne%'")).toEqual([
        { type: 'connector.misconfigured' },
      ]);
      expect(own.logs.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([
        'connector.misconfigured',
      ]);
      expect(await own.owner.query('select from connection_events')).toEqual([]);
      await own.letPass(60);
      const right = own.context();
      for (let minute = 0; minute < 30; minute += STEP) {
        await own.sweep(right);
        await own.letPass(STEP);
      }
      expect((await states(own)).map(({ version }) => Number(version) > 1)).not.toContain(false);
    } finally {
      await own.close();
    }
  });
});

describe('a key that is rotated while a thousand refreshes run', () => {
  it('loses none', async () => {
    const own = await start();
    try {
      const ids = await own.seed(1000);
      const [, fresh = ''] = randomKeyRing().split(':');
      const rotated = own.context({
        TOKEN_KEYS: `${own.settings.TOKEN_KEYS ?? ''},next:${fresh}`,
        TOKEN_KEY_ACTIVE: 'next',
      });
      await enqueueDueConnections(rotated);
      const batches = own.queue.flatMap((message) => (message.kind === 'refresh' ? [message.rows] : []));
      expect(batches).toHaveLength(20);
      // Half of the consumers still run the version before, whose active key is the old one.
      const old = own.context({ TOKEN_KEYS: `${own.settings.TOKEN_KEYS ?? ''},next:${fresh}` });
      const [results] = await Promise.all([
        Promise.all(batches.map((rows, i) => refreshBatch(i % 2 ? rotated : old, rows))),
        (async () => {
          for (let round = 0; round < 10; round += 1) await resealVault(rotated);
        })(),
      ]);
      expect(results.reduce((sum, { refreshed }) => sum + refreshed, 0)).toBe(ids.length);
      await resealVault(rotated);
      expect(await states(own)).toEqual([{ status: 'active', failing: false, version: '2', count: '1000' }]);
      expect(await own.owner.query('select key_id, count(*) from oauth_connections group by 1')).toEqual([
        { key_id: 'next', count: '1000' },
      ]);
      // What lies there is the newest of each, and opens: the provider takes all of it once more.
      await own.letPass(60);
      await own.sweep(rotated);
      expect(await states(own)).toEqual([{ status: 'active', failing: false, version: '3', count: '1000' }]);
      expect(own.provider.grants.totals()).toMatchObject({ mostPerToken: 1 });
    } finally {
      await own.close();
    }
  });
});
