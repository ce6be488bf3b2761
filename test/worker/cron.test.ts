import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { cleanup, expiringTables } from '../../src/jobs/cleanup.ts';
import { jobContext } from '../../src/jobs/context.ts';
import worker from '../../src/worker.ts';
import { newId } from '../../src/lib/ids.ts';
import { inHours, insert, newPerson, newSession } from '../support/owner.ts';
import { owner, workerEnv } from '../support/worker.ts';

async function fire(cron: string): Promise<void> {
  const ctx = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron }), workerEnv);
  await waitOnExecutionContext(ctx);
}

const exists = async (table: string, id: string) =>
  (await owner.query(`select id from ${table} where id = $1`, [id])).length === 1;

describe('cleaning up', () => {
  it('deletes sessions a week and links a day after their end, and nothing before', async () => {
    const { userId, sessionId: live } = await newPerson(owner);
    const { sessionId: gone } = await newSession(owner, userId, { expires_at: inHours(-24 * 7 - 1) });
    const { sessionId: kept } = await newSession(owner, userId, { expires_at: inHours(-24 * 7 + 1) });
    const link = async (hours: number) => {
      const id = newId();
      await insert(owner, 'magic_links', {
        id,
        email: 'x@example.com',
        token_hash: id,
        code_hash: id,
        browser_hash: id,
        expires_at: inHours(hours),
      });
      return id;
    };
    const [oldLink, recentLink] = [await link(-25), await link(-23)];
    // Not by its cron expression: the jobs beside it would take other tests' rows. They have tests of their own.
    await cleanup(jobContext(workerEnv));
    expect(
      await Promise.all([exists('user_sessions', live), exists('user_sessions', kept), exists('user_sessions', gone)]),
    ).toEqual([true, true, false]);
    expect(await Promise.all([exists('magic_links', recentLink), exists('magic_links', oldLink)])).toEqual([
      true,
      false,
    ]);
  });

  it('knows every table that has an end', async () => {
    const tables = await owner.query<{
      name: string;
    }>(`select distinct table_name as name from information_schema.columns
      where table_schema = 'public' and column_name in ('expires_at', 'dispatched_at')
        and table_name <> 'oauth_connections' /* its token ends, the connection does not */`);
    for (const { name } of tables) expect(expiringTables).toContain(name);
  });

  it('is bounded: a batch deletes no more than it is told', async () => {
    const { userId } = await newPerson(owner);
    await owner.query(
      `insert into login_history (user_id, event_type, success, created_at)
      select $1, 'login_success', true, now() - interval '400 days' from generate_series(1, 5)`,
      [userId],
    );
    const [row] = await owner.query("select gatehouse.cleanup_batch('login_history', 2) as deleted");
    expect(row).toEqual({ deleted: 2 });
  });

  it('cleanup_expired_sessions() does it all in SQL, as the requirement names it', async () => {
    const { userId } = await newPerson(owner);
    const { sessionId } = await newSession(owner, userId, { expires_at: inHours(-24 * 8) });
    await owner.query('select cleanup_expired_sessions()');
    expect(await exists('user_sessions', sessionId)).toBe(false);
  });
});

it('an expression without jobs is an error that names it', async () => {
  await expect(fire('1 2 3 4 5')).rejects.toThrow('"1 2 3 4 5"');
});
