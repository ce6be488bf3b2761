/** What many or large rows of one owner do to the jobs: nothing that others notice. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { firstValue, plain } from '../../../src/db/statement.ts';
import { cleanup } from '../../../src/jobs/cleanup.ts';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { newId } from '../../../src/lib/ids.ts';
import { newPerson } from '../../support/owner.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

let vault: EmbeddedVault;
beforeAll(async () => {
  vault = await startEmbeddedVault();
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

const MIB = 1024 * 1024;

interface Shape {
  /** Of each token. */
  readonly bytes?: number;
  /** How long it is due. */
  readonly minutes?: number;
  readonly text?: string;
}

/** Connections of one new user, and their waiting revocations, all due. */
async function own(count: number, { bytes = 10, minutes = 1, text = 'gatehouse:1:dev:' }: Shape = {}): Promise<string> {
  const { userId } = await newPerson(vault.owner);
  const due = 'now() - make_interval(mins => $3)';
  const params = [userId, count, minutes, bytes, text];
  await vault.owner.query(
    `insert into oauth_connections (user_id, connector_id, account_id, access_token, refresh_token, scopes, next_refresh_at,
       identify_at) select $1, 'demo', i || $1, $5 || repeat('x', $4), $5 || repeat('x', $4), '', ${due}, ${due}
       from generate_series(1, $2::integer) i`,
    params,
  );
  await vault.owner.query(
    `insert into grant_revocations (connection_id, owner, connector_id, account_id, token_field, token, next_try_at)
       select gen_random_uuid(), 'user:' || $1, 'demo', 'x', 'refresh_token', $5 || repeat('x', $4), ${due}
       from generate_series(1, $2::integer) i`,
    params,
  );
  return userId;
}

/** What a function for jobs answers, called as they do. */
async function ask<T>(call: string, params: readonly unknown[] = []): Promise<T> {
  const [result] = await vault.context().systemGate(() => [plain(`select gatehouse.${call} as answer`, [...params])]);
  return firstValue<T>(result, 'answer');
}

/** How often each user is among the rows of these ids. */
async function owners(ids: readonly string[]): Promise<Record<string, number>> {
  const rows = await vault.owner.query<{ user_id: string; count: string }>(
    'select user_id, count(*) from oauth_connections where id = any ($1::uuid[]) group by 1',
    [`{${ids.join(',')}}`],
  );
  return Object.fromEntries(rows.map(({ user_id: userId, count }) => [userId, Number(count)]));
}

describe('work is claimed fairly: 200 older rows of one owner come after the first of each other', () => {
  it('to refresh', async () => {
    const [mallory, bob, eve] = [await own(200, { minutes: 60 }), await own(2), await own(1)];
    const claimed = await ask<[string, number][]>('claim_due(10)');
    expect(await owners(claimed.map(([id]) => id))).toEqual({ [mallory]: 7, [bob]: 2, [eve]: 1 });
  });

  it('to identify', async () => {
    const [mallory, bob, eve] = [await own(200, { minutes: 60 }), await own(2), await own(1)];
    const claimed = await ask<{ id: string }[]>('claim_unidentified(10)');
    expect(await owners(claimed.map(({ id }) => id))).toEqual({ [mallory]: 7, [bob]: 2, [eve]: 1 });
  });

  it('to revoke', async () => {
    const [mallory, bob, eve] = [await own(200, { minutes: 60 }), await own(2), await own(1)];
    const claimed = await ask<{ owner: string }[]>('claim_revocations(10)');
    const count = (userId: string) => claimed.filter(({ owner }) => owner === `user:${userId}`).length;
    expect([count(mallory), count(bob), count(eve)]).toEqual([7, 2, 1]);
  });

  it('to seal anew, where the bytes of one owner do not fill the batch either', async () => {
    const mallory = await own(200, { bytes: 150_000 });
    const bob = await own(20);
    const found = await ask<{ owner: string; table: string }[]>(`values_to_reseal('{dev}', 200)`);
    const connections = found.filter(({ table }) => table === 'oauth_connections');
    const count = (userId: string) => connections.filter(({ owner }) => owner === `user:${userId}`).length;
    expect(count(bob)).toBe(20);
    expect(count(mallory)).toBeGreaterThanOrEqual(1);
  });
});

describe('an answer is bounded in bytes', () => {
  // As a SQL client may bring it: the most that a link takes, and each character doubled on its way.
  const worst = { bytes: 0, text: '"'.repeat(65_536) };
  const size = (answer: unknown) => JSON.stringify(JSON.stringify(answer)).length;

  it('of what is claimed, and what is left stays due', async () => {
    await own(100, worst);
    for (const call of ['claim_unidentified(100)', 'claim_revocations(100)']) {
      const first = await ask<{ id: string }[]>(call);
      expect(first.length).toBeGreaterThan(5);
      expect(size(first)).toBeLessThan(10 * MIB);
      const next = await ask<{ id: string }[]>(call);
      expect(next.length).toBeGreaterThan(5);
      expect(next.map(({ id }) => id)).not.toContain(first[0]?.id);
    }
  });

  it('of what is leased: the rest is given back, due at once', async () => {
    await own(100, worst);
    const claimed = await ask<unknown[]>('claim_due(100)');
    expect(claimed).toHaveLength(100);
    const lease = JSON.stringify({ id: newId(), seconds: 60, singleUse: [] });
    const leased = await ask<unknown[]>('lease_connections($1::jsonb, $2::jsonb)', [JSON.stringify(claimed), lease]);
    expect(leased.length).toBeGreaterThan(5);
    expect(size(leased)).toBeLessThan(10 * MIB);
    const [row] = await vault.owner.query(
      `select count(*) filter (where lease_id is not null)::int as leased,
         count(*) filter (where lease_id is null and next_refresh_at <= now())::int as due from oauth_connections`,
    );
    expect(row).toEqual({ leased: leased.length, due: 100 - leased.length });
  });

  it('of what is to be sealed, for the first time or anew', async () => {
    await own(100, worst);
    const first = '00000000-0000-0000-0000-000000000000';
    for (const table of ['oauth_connections', 'grant_revocations']) {
      const found = await ask<unknown[]>('values_to_seal($1, $2::uuid, 200)', [table, first]);
      expect(found.length).toBeGreaterThan(5);
      expect(size(found)).toBeLessThan(10 * MIB);
    }
    await vault.clear();
    for (let i = 0; i < 25; i += 1) await own(20, { bytes: 60_000 });
    const found = await ask<unknown[]>(`values_to_reseal('{dev}', 1000)`);
    expect(found.length).toBeGreaterThan(20);
    expect(size(found)).toBeLessThan(10 * MIB);
  });

  it('of a row that no answer holds: it is set aside, and the job goes on', async () => {
    const mallory = await own(1);
    await vault.owner.query("update oauth_connections set access_token = repeat('x', 12000000)");
    const [good = ''] = await vault.seed(1);
    await vault.owner.query("update oauth_connections set access_token = 'text' where id = $1", [good]);
    const { sealed } = await resealVault(vault.context());
    expect(sealed).toBe(1);
    expect(
      await vault.owner.query(
        `select f.job, f.last_failure->>'code' as code from job_failures f
           join oauth_connections c on c.id = f.row_id where c.user_id = $1 and f.job = 'seal'`,
        [mallory],
      ),
    ).toEqual([{ job: 'seal', code: 'too_large' }]);
  });
});

describe('what waits and what is kept', () => {
  it('are at most 400 grants of an owner to be revoked: the earliest are given up, and the trail says so', async () => {
    const userId = await own(1);
    await vault.owner.query(
      `insert into grant_revocations (connection_id, owner, connector_id, account_id, token_field, token, created_at)
         select gen_random_uuid(), 'user:' || $1, 'demo', 'x', 'refresh_token', 'x', now() - make_interval(secs => i)
         from generate_series(1, 420) i`,
      [userId],
    );
    await vault.owner.query('select gatehouse.release_connections($1, null)', [userId]);
    const [waiting] = await vault.owner.query('select count(*)::int as n from grant_revocations where owner = $1', [
      `user:${userId}`,
    ]);
    expect(waiting).toEqual({ n: 400 });
    const [noted] = await vault.owner.query(
      "select count(*)::int as n from connection_events where user_id = $1 and event = 'revocation_given_up'",
      [userId],
    );
    expect(noted).toEqual({ n: 22 });
  });

  it('go in the clean-up, which gets through more than one member makes', async () => {
    const { userId } = await newPerson(vault.owner);
    await vault.owner.query(
      `insert into login_history (user_id, event_type, success, created_at)
         select $1, 'login_failed', false, now() - interval '400 days' from generate_series(1, 25000)`,
      [userId],
    );
    await vault.owner.query(
      `insert into connector_breakers (connector_id, client_id, opened_at, open_until, last_failure) values
         ('demo', 'old', now(), now() - interval '2 days', '{}'), ('demo', 'new', now(), now(), '{}')`,
    );
    await vault.owner.query(
      `insert into job_failures (job, table_name, row_id, last_failure, retry_at) values
         ('seal', 'gone', gen_random_uuid(), '{}', now() - interval '8 days')`,
    );
    expect(await cleanup(vault.context())).toMatchObject({
      login_history: 25_000,
      connector_breakers: 1,
      job_failures: 1,
    });
  });

  it('is no row that comes back for ever: what does not change is set aside in the same run', async () => {
    const ids = await vault.seed(3);
    const ring = nextKey(vault.settings.TOKEN_KEYS);
    // As if somebody put the old value back each time.
    await vault.owner.query(
      `create function keep_it() returns trigger language plpgsql as $$ begin return null; end $$`,
    );
    await vault.owner.query(
      `create trigger keep_it before update on oauth_connections for each row when (old.id = '${ids[1]}') execute function keep_it()`,
    );
    try {
      expect(await resealVault(vault.context(ring))).toMatchObject({ resealed: 2, unreadable: 1 });
      expect(
        await vault.owner.query('select row_id, last_failure->>$1 as code from job_failures where row_id = $2', [
          'code',
          ids[1],
        ]),
      ).toEqual([{ row_id: ids[1], code: 'unchanged' }]);
      expect(await resealVault(vault.context(ring))).toMatchObject({ resealed: 0, unreadable: 0 });
    } finally {
      await vault.owner.query('drop function keep_it cascade');
    }
  });
});

/** The ring with a second key, which is the active one. */
function nextKey(keys: string): Record<string, string> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return { TOKEN_KEYS: `${keys},next:${btoa(String.fromCharCode(...bytes))}`, TOKEN_KEY_ACTIVE: 'next' };
}
