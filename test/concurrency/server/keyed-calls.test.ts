/** A keyed call that is sent again while its first try still waits: it undoes nothing that came between. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { newPerson, type Owner } from '../../support/owner.ts';
import { type ServerWorker, startServerWorker } from '../../support/server-worker.ts';

let owner: Owner;
let worker: ServerWorker;

beforeAll(async () => {
  worker = await startServerWorker();
  ({ owner } = worker);
});
afterAll(() => worker?.close());

/** Until as many statements wait for the lock that `holder` has, or for one another. */
async function waiting(count: number) {
  await expect
    .poll(async () => (await owner.query("select from pg_stat_activity where wait_event_type = 'Lock'", [])).length, {
      timeout: 10_000,
    })
    .toBeGreaterThanOrEqual(count);
}

it.each([
  ['integrations.link', 'me'],
  ['integrations.bulkLink', 'me'],
  ['integrations.link', 'the user by name'],
] as const)('%s of %s', async (path, whom) => {
  const me = await newPerson(owner);
  const userId = whom === 'me' ? 'me' : me.userId;
  const account = { serviceId: 'gmail', externalUserId: newId() };
  const link = (name: string, key: string) => {
    const item = { ...account, accessToken: `${name}-token`, displayLabel: name };
    const input = path === 'integrations.link' ? { userId, ...item } : { userId, services: [item] };
    return worker.call(path, input, { token: me.token, key });
  };
  const holder = new pg.Client({ connectionString: worker.ownerUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from users where id = $1 for update', [me.userId]);
  const key = newId();
  const first = link('old', key);
  await waiting(1);
  const later = link('new', newId());
  await waiting(2);
  const again = link('old', key);
  await waiting(3);
  await holder.query('commit');
  await holder.end();
  for (const { status, code } of await Promise.all([first, later, again])) expect(status, code).toBe(200);
  const [row] = await owner.query('select display_label from user_integrations where user_id = $1', [me.userId]);
  expect(row).toEqual({ display_label: 'new' });
  const token = await worker.call(
    'integrations.getToken',
    { userId: me.userId, service: 'gmail' },
    { token: me.token },
  );
  expect(token.data).toMatchObject({ token: 'new-token' });
});
