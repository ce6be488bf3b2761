import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { openStage, past, soon, type Stage } from './support.ts';

/** A service of this test alone, so that other tests' rows are not in its reports. */
const service = `reported_${newId()}`;
let stage: Stage;
let userId: string;

beforeAll(async () => {
  stage = openStage();
  userId = await stage.user();
  await stage.owner.query(
    `insert into services (id, name, type, provider, connector_id) values ($1, 'Reported', 'email', 'r', $1)`,
    [service],
  );
});

const link = (externalId: string, rest: string) =>
  stage.sql.value<string>(`select link_service_to_user($1, $2, $3, ${rest})`, [userId, service, externalId]);
const insert = (columns: string, values: string, serviceId = service) =>
  stage.sql.value<string>(
    `insert into user_integrations (user_id, service_id, ${columns}) values ($1, $2, ${values}) returning id`,
    [userId, serviceId],
  );
const setGrant = (id: string, status: string) =>
  stage.owner.query(
    `update oauth_connections c set status = '${status}' from user_integrations ui
      where ui.id = $1 and c.user_id = ui.user_id and c.id = ui.connection_id`,
    [id],
  );

interface Incomplete {
  readonly integration_id: string;
  readonly issue: string;
}

describe('find_incomplete_integrations', () => {
  it('finds each kind of lack, once, and nothing that is whole or inactive', async () => {
    const expected: Record<string, string> = {};
    expected[await insert('external_user_id', `'bare'`)] = 'missing_token';
    expected[await link('old', `access_token => 'x', token_expires_at => '${past()}'`)] = 'token_expired';
    expected[await link('timeless', `access_token => 'x'`)] = 'token_expired';
    for (const [status, issue] of [
      ['expired', 'refresh_expired'],
      ['revoked', 'refresh_revoked'],
      ['error', 'token_unreadable'],
    ] as const) {
      const id = await link(status, `access_token => 'x', refresh_token => 'r', token_expires_at => '${past()}'`);
      await setGrant(id, status);
      expected[id] = issue;
    }
    await link('good', `access_token => 'x', token_expires_at => '${soon()}'`);
    await link('renewed', `access_token => 'x', refresh_token => 'r', token_expires_at => '${past()}'`);
    await insert('external_user_id, is_active', `'gone', false`);
    const rows = await stage.sql.query<Incomplete>('select * from find_incomplete_integrations(service_id => $1)', [
      service,
    ]);
    expect(Object.fromEntries(rows.map((row) => [row.integration_id, row.issue]))).toEqual(expected);
    expect(rows.map((row) => row.integration_id)).toEqual(Object.keys(expected).toSorted());
    expect(rows.find((row) => row.issue === 'missing_token')).toEqual({
      user_id: userId,
      email: `${userId}@example.com`,
      integration_id: expect.any(String),
      service,
      service_name: 'Reported',
      issue: 'missing_token',
      external_user_id: 'bare',
      display_label: null,
      updated_at: expect.any(Date),
    });
  });

  it('goes on after the last one, page by page', async () => {
    const page = (after: string | null, size: number | null) =>
      stage.sql.query<Incomplete>(
        'select * from find_incomplete_integrations(service_id => $1, max_rows => $2, after_id => $3)',
        [service, size, after],
      );
    const all = await page(null, null);
    const paged: Incomplete[] = [];
    for (;;) {
      const rows = await page(paged.at(-1)?.integration_id ?? null, 2);
      paged.push(...rows);
      if (rows.length < 2) break;
    }
    expect(paged).toEqual(all);
  });

  it('without a service looks at all of them; a messaging account without its id is one', async () => {
    const id = await insert('display_label', `'x'`, 'signal');
    const all = await stage.sql.query<Incomplete>('select * from find_incomplete_integrations(null, 10000)');
    expect(all).toContainEqual(expect.objectContaining({ integration_id: id, issue: 'missing_external_user_id' }));
    expect(all.some((row) => row.issue === 'missing_token')).toBe(true);
  });

  it('refuses a service that is none', async () => {
    const refusal = await stage.sql.refusal(`select * from find_incomplete_integrations('myspace')`);
    expect(refusal).toMatchObject({ code: 'GH016', message: 'There is no service "myspace"' });
  });
});

describe('cleanup_orphaned_integrations', () => {
  /** The first ids there are, so that no other test's rows come before them. */
  const ids = Array.from({ length: 3 }, () => `00000000-0000-4000-8000-${newId().slice(-12)}`).toSorted();
  const oldRow = (column: string, value: string, age: string) =>
    [
      `insert into user_integrations (user_id, service_id, ${column}, updated_at)
         values ($1, $2, $3, now() - $4::interval) returning id`,
      [userId, `${service}_${newId()}`, value, age],
    ] as const;

  it('says what it would delete, then deletes it, in bounded batches, and only what holds nothing', async () => {
    const users = await Promise.all(ids.map(() => stage.user()));
    const kept = [
      oldRow('external_user_id', 'x', '2 days'),
      oldRow('credentials', '{}', '2 days'),
      oldRow('auth_code', 'x', '2 days'),
      oldRow('display_label', 'x', '1 hour'),
    ];
    for (const [, [, id]] of kept) {
      await stage.owner.query(
        `insert into services (id, name, type, provider, connector_id) values ($1, 'Kept', 'email', 'r', 'kept')`,
        [id],
      );
    }
    // One transaction, which no other test's cleanup looks into.
    const answers = await stage.sql.batch([
      ...ids.map(
        (id, i) =>
          [
            `insert into user_integrations (id, user_id, service_id, updated_at)
               values ($1, $2, 'gmail', now() - interval '2 days')`,
            [id, users[i]],
          ] as const,
      ),
      ...kept,
      ['select cleanup_orphaned_integrations() as answer'],
      ['select count(*)::int as n from user_integrations where id = any ($1::uuid[])', [ids]],
      ['select cleanup_orphaned_integrations(dry_run => false, max_rows => 2) as answer'],
      ['select cleanup_orphaned_integrations(false) as answer'],
      ['select count(*)::int as n from user_integrations where id = any ($1::uuid[])', [ids]],
      ['select cleanup_orphaned_integrations(null, null) as answer'],
    ]);
    const [dry, before, two, , after, last] = answers.slice(-6).map(([row]) => row);
    expect(dry).toMatchObject({ answer: { dry_run: true, deleted: 0, has_more: false } });
    expect(dry).toMatchObject({ answer: { integration_ids: expect.arrayContaining(ids) } });
    expect(before).toEqual({ n: 3 });
    expect(two).toEqual({
      answer: { dry_run: false, orphaned: 2, deleted: 2, has_more: true, integration_ids: ids.slice(0, 2) },
    });
    expect(after).toEqual({ n: 0 });
    expect(last).toMatchObject({ answer: { dry_run: true, deleted: 0 } });
    const left = kept.map((_, i) => answers[ids.length + i]?.[0] as { id: string });
    expect(
      await stage.owner.query('select 1 from user_integrations where id = any ($1::uuid[])', [
        left.map(({ id }) => id),
      ]),
    ).toHaveLength(4);
  });
});
