import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { randomSecret, sha256Hex } from '../../../src/lib/secrets.ts';
import { inHours, insert, newPerson, newSession, type Owner } from '../../support/owner.ts';
import type { DroppingProxy } from '../../support/dropping-proxy.ts';
import { type ServerWorker, startServerWorker } from '../../support/server-worker.ts';

let owner: Owner;
let proxy: DroppingProxy;
let worker: ServerWorker;

beforeAll(async () => {
  worker = await startServerWorker();
  ({ owner, proxy } = worker);
});
afterAll(() => worker?.close());

const call: ServerWorker['call'] = (...given) => worker.call(...given);

async function askForLink(email = `${newId()}@example.com`) {
  const asked = await call('auth.requestMagicLink', { email, delivery: 'bearer' });
  expect(asked.status).toBe(200);
  return { email, requestSecret: asked.data.requestSecret ?? '', ...(await worker.readMail(email)) };
}

/** A link as requestMagicLink stores it; asking ten times for one address is what the rate limit forbids. */
async function plantLink(email: string): Promise<{ token: string; requestSecret: string }> {
  const [id, token, secret] = [newId(), randomSecret(), randomSecret()];
  const hashes = { token_hash: await sha256Hex(token), browser_hash: await sha256Hex(secret), code_hash: 'none' };
  await insert(owner, 'magic_links', { id, email, ...hashes, expires_at: inHours(0.1) });
  return { token, requestSecret: `${id}.${secret}` };
}

describe('fifty at once', () => {
  it('verify one link: one session', async () => {
    const { token, requestSecret, email } = await askForLink();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => call('auth.verifyMagicLink', { token, requestSecret, delivery: 'bearer' })),
    );
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(outcomes.filter(({ status }) => status !== 200).map(({ code }) => code))).toEqual(
      new Set(['magic_link.used']),
    );
    const sessions = await owner.query(
      'select s.id from user_sessions s join users u on u.id = s.user_id where u.email = $1',
      [email],
    );
    expect(sessions).toHaveLength(1);
  });

  it('verify one code: one session; fifty wrong ones: three tries', async () => {
    const right = await askForLink();
    const good = await Promise.all(
      Array.from({ length: 50 }, () =>
        call('auth.verifyMagicCode', { code: right.code, requestSecret: right.requestSecret, delivery: 'bearer' }),
      ),
    );
    expect(good.filter(({ status }) => status === 200)).toHaveLength(1);
    const wrong = await askForLink();
    const code = wrong.code === '000000' ? '000001' : '000000';
    const bad = await Promise.all(
      Array.from({ length: 50 }, () => call('auth.verifyMagicCode', { code, requestSecret: wrong.requestSecret })),
    );
    expect(bad.filter(({ code: refusal }) => refusal === 'code.invalid')).toHaveLength(3);
    expect(bad.filter(({ code: refusal }) => refusal === 'code.exhausted')).toHaveLength(47);
  });

  it('sign-ups of one address by different links: one user, a session each', async () => {
    const email = `${newId()}@example.com`;
    const links = await Promise.all(
      Array.from({ length: 10 }, (_, i) => plantLink(i % 2 ? email : email.toUpperCase())),
    );
    const outcomes = await Promise.all(
      links.map((link) => call('auth.verifyMagicLink', { ...link, delivery: 'bearer' })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(outcomes.map(({ data }) => data.userId)).size).toBe(1);
    expect(await owner.query('select id from users where lower(email) = lower($1)', [email])).toHaveLength(1);
  });
});

describe('a lost answer', () => {
  it('of the database is asked for again by the gate: one session, and the caller never knew', async () => {
    const { token, requestSecret, email } = await askForLink();
    const before = proxy.count();
    proxy.dropNext(1);
    const outcome = await call('auth.verifyMagicLink', { token, requestSecret, delivery: 'bearer' });
    expect(outcome.status).toBe(200);
    expect(proxy.count() - before).toBe(2);
    expect((await call('auth.getSession', undefined, { token: outcome.data.sessionToken })).status).toBe(200);
    expect(
      await owner.query('select s.id from user_sessions s join users u on u.id = s.user_id where u.email = $1', [
        email,
      ]),
    ).toHaveLength(1);
  });

  it('of the Worker is asked for again by the caller: the same session', async () => {
    const { token, requestSecret, email } = await askForLink();
    const key = newId();
    proxy.dropNext(2);
    const lost = await call('auth.verifyMagicLink', { token, requestSecret, delivery: 'bearer' }, { key });
    expect([lost.status, lost.code]).toEqual([503, 'service.unavailable']);
    const again = await call('auth.verifyMagicLink', { token, requestSecret, delivery: 'bearer' }, { key });
    expect(again.status).toBe(200);
    expect((await call('auth.getSession', undefined, { token: again.data.sessionToken })).status).toBe(200);
    expect(
      await owner.query('select s.id from user_sessions s join users u on u.id = s.user_id where u.email = $1', [
        email,
      ]),
    ).toHaveLength(1);
  });

  it('of a sign-out is success', async () => {
    const { token } = await newPerson(owner);
    proxy.dropNext(1);
    expect((await call('auth.signOut', undefined, { token })).status).toBe(200);
    expect((await call('auth.getSession', undefined, { token })).code).toBe('session.revoked');
  });
});

describe('sessions', () => {
  it('once revoked are refused on the very next request, forty times out of forty, under traffic', async () => {
    for (let round = 0; round < 40; round += 1) {
      const me = await newPerson(owner);
      const other = await newSession(owner, me.userId, { last_active_at: inHours(-2) });
      const traffic = Promise.all([1, 2, 3].map(() => call('auth.getSession', undefined, { token: other.token })));
      expect((await call('auth.revokeSession', { sessionId: other.sessionId }, { token: me.token })).status).toBe(200);
      expect((await call('auth.getSession', undefined, { token: other.token })).code).toBe('session.revoked');
      await traffic;
    }
  });

  it('that revoke each other at once never deadlock', async () => {
    const deadlocks = async () =>
      Number(
        (
          await owner.query<{ n: string }>(
            'select deadlocks as n from pg_stat_database where datname = current_database()',
          )
        )[0]?.n,
      );
    const before = await deadlocks();
    for (let round = 0; round < 25; round += 1) {
      const a = await newPerson(owner, { session: { last_active_at: inHours(-2) } });
      const b = await newSession(owner, a.userId, { last_active_at: inHours(-2) });
      const c = await newSession(owner, a.userId, { last_active_at: inHours(-2) });
      const outcomes = await Promise.all([
        call('auth.revokeSession', { sessionId: b.sessionId }, { token: a.token }),
        call('auth.revokeSession', { sessionId: a.sessionId }, { token: b.token }),
        call('auth.revokeOtherSessions', undefined, { token: b.token }),
        call('auth.revokeOtherSessions', undefined, { token: c.token }),
      ]);
      for (const { status } of outcomes) expect([200, 401]).toContain(status);
    }
    expect(await deadlocks()).toBe(before);
  });

  it('serve five calls in parallel, even while somebody holds their row and its touch is due', async () => {
    const me = await newPerson(owner, { session: { last_active_at: inHours(-2) } });
    const holder = new pg.Client({ connectionString: worker.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query('select 1 from user_sessions where id = $1 for update', [me.sessionId]);
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, () => call('auth.listSessions', undefined, { token: me.token })),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    } finally {
      await holder.query('rollback');
      await holder.end();
    }
  });
});
