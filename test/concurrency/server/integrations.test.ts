import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectOwner, type Owner } from '../../support/owner.ts';
import { requireServer } from '../../support/require-server.ts';
import { newUser } from '../../support/sql-client.ts';

const TWENTY = 20;
let owner: Owner;
let clients: pg.Pool;

beforeAll(() => {
  requireServer();
  const settings = inject('worker');
  owner = connectOwner(settings as never);
  clients = new pg.Pool({ connectionString: settings.OWNER_URL, max: TWENTY, options: '-c role=gatehouse_sql' });
});
afterAll(() => clients?.end());

const ask = async <T>(text: string, params: readonly unknown[]): Promise<T> =>
  Object.values((await clients.query<Record<string, T>>(text, [...params])).rows[0] ?? {})[0] as T;
const twenty = <T>(call: (i: number) => Promise<T>) => Promise.all(Array.from({ length: TWENTY }, (_, i) => call(i)));
const countOf = async (table: string, userId: string) =>
  (await owner.query(`select 1 from ${table} where user_id = $1`, [userId])).length;

describe('twenty SQL clients at once', () => {
  it.each([
    ['with an account id', `select link_gmail_to_user($1, $2, external_user_id => 'me@example.com')`],
    ['without an account id', 'select link_gmail_to_user($1, $2)'],
  ])('link one account %s: one row, one grant', async (_, call) => {
    const userId = await newUser(owner);
    const ids = await twenty((i) => ask(call, [userId, `token ${i}`]));
    expect(new Set(ids).size).toBe(1);
    expect(await countOf('user_integrations', userId)).toBe(1);
    expect(await countOf('oauth_connections', userId)).toBe(1);
  });

  it('insert one account directly, by ON CONFLICT: one row', async () => {
    const userId = await newUser(owner);
    const insert = `insert into user_integrations (user_id, service_id, external_user_id) values ($1, 'telegram', 'x')
      on conflict (user_id, service_id, external_user_id) do update set is_active = true returning id`;
    expect(new Set(await twenty(() => ask(insert, [userId]))).size).toBe(1);
  });

  it('unlink one account: one of them did, and there is one event', async () => {
    const userId = await newUser(owner);
    await ask(`select link_signal_to_user($1, 'x')`, [userId]);
    const answers = await twenty(() => ask<boolean>('select unlink_signal_from_user($1)', [userId]));
    expect(answers.filter(Boolean)).toHaveLength(1);
    const events = await owner.query(`select 1 from outbox where user_id = $1 and type = 'integration.unlinked'`, [
      userId,
    ]);
    expect(events).toHaveLength(1);
  });

  it('link and unlink many services in every order: none waits for another in a circle', async () => {
    const userId = await newUser(owner);
    const items = ['gmail', 'google_calendar', 'telegram', 'signal', 'whatsapp'].map((id) => ({
      service_id: id,
      external_user_id: 'x',
      access_token: 'token',
    }));
    const answers = await twenty(async (i) => {
      const turned = [...items.slice(i % 5), ...items.slice(0, i % 5)];
      const call = i % 4 === 3 ? 'bulk_unlink_services_from_user' : 'bulk_link_services_to_user';
      return ask<{ failed: number }>(`select ${call}($1, $2::jsonb)`, [userId, JSON.stringify(turned)]);
    });
    expect(answers.map(({ failed }) => failed)).toEqual(answers.map(() => 0));
    expect(await countOf('user_integrations', userId)).toBe(5);
    expect(await countOf('oauth_connections', userId)).toBe(5);
  });

  it('clean up at once: each row is deleted by one of them', async () => {
    const userIds = await twenty(() => newUser(owner));
    const made = await Promise.all(
      userIds.map((userId) =>
        ask<string>(
          `insert into user_integrations (user_id, service_id, updated_at)
             values ($1, 'signal', now() - interval '2 days') returning id`,
          [userId],
        ),
      ),
    );
    const answers = await twenty(() =>
      ask<{ integration_ids: string[] }>('select cleanup_orphaned_integrations(false, 5)', []),
    );
    const deleted = answers.flatMap(({ integration_ids: ids }) => ids).filter((id) => made.includes(id));
    expect(deleted.toSorted()).toEqual(made.toSorted());
  });
});
