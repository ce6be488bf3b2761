import { globSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startStack } from '../../../scripts/support/stack.ts';
import { createDatabase } from '../../support/database.ts';
import { passwordsOf } from '../../support/own-vault.ts';
import { plannedNodes } from '../../support/planned-nodes.ts';
import { requireServer } from '../../support/require-server.ts';
import { seedIntegrations } from '../../support/seed-integrations.ts';

/** PLAN_INTEGRATIONS for fewer. */
const ROWS = Number(process.env.PLAN_INTEGRATIONS ?? 1_000_000);
let client: pg.Client;
let close = async (): Promise<void> => {};

beforeAll(async () => {
  const database = await createDatabase(requireServer(), `gatehouse_plans_${process.pid}`);
  const stack = await startStack({ postgres: database.url, passwords: passwordsOf(inject('worker')) });
  await seedIntegrations(database.url, ROWS);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  close = async () => {
    await client.end();
    await stack.close();
    await database.drop();
  };
}, 600_000);
afterAll(() => close());

type Role = 'gatehouse_sql' | 'gatehouse_member' | 'gatehouse_admin';

interface Reading {
  /** Tables that were read from one end to the other, but for the catalogue of services. */
  readonly scanned: readonly string[];
  /** How many rows were fetched in all. */
  readonly fetched: number;
}

const COUNTERS = `select relname, seq_scan::int as scans, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as fetched
  from pg_stat_xact_user_tables where schemaname = 'public' and relname <> 'services'`;

/** What this session has read and not yet reported; it is counted on over several transactions. */
async function counters(): Promise<Map<string, { scans: number; fetched: number }>> {
  const { rows } = await client.query<{ relname: string; scans: number; fetched: number }>(COUNTERS);
  return new Map(rows.map((row) => [row.relname, row]));
}

/** Runs a statement as a role, and asks PostgreSQL what it has read. What it changed is undone. */
async function read(role: Role, statement: string): Promise<Reading> {
  await client.query('begin');
  try {
    await client.query(`select set_config('gatehouse.user_id', 'plan-7', true), set_config('role', $1, true)`, [role]);
    const before = await counters();
    const start = performance.now();
    await client.query(statement);
    const milliseconds = Math.round(performance.now() - start);
    const after = [...(await counters())];
    const more = (table: string, of: 'scans' | 'fetched', count: number) => count - (before.get(table)?.[of] ?? 0);
    const fetched = after.reduce((sum, [table, row]) => sum + more(table, 'fetched', row.fetched), 0);
    console.log(`${milliseconds} ms, ${fetched} rows, as ${role}: ${statement}`);
    return {
      scanned: after.filter(([table, { scans }]) => more(table, 'scans', scans) > 0).map(([table]) => table),
      fetched,
    };
  } finally {
    await client.query('rollback');
  }
}

const ofOneUser = 200;
const page = 'find_incomplete_integrations';
/** What lacks something by its grant is found by the grants that lack it, and put in the order of the integrations. */
const ofAllBroken = 10_000 + ROWS / 40;

/** A call of each function of requirement 1 and its parts, who makes it, and how many rows it may fetch. */
const calls: readonly [name: string, role: Role, statement: string, atMost: number][] = [
  ...['gatehouse_sql', 'gatehouse_member'].flatMap((role) =>
    [
      ['get_user_integrations', `select * from get_user_integrations('plan-7')`],
      ['get_telegram_id', `select get_telegram_id('plan-7')`],
      ['user_has_service', `select user_has_service('plan-7', 'gmail')`],
      ['has_valid_token', `select has_valid_token('plan-7', 'gmail')`],
      ['get_user_integration_stats', `select get_user_integration_stats('plan-7')`],
      ['link_service_to_user', `select link_service_to_user('plan-7', 'gmail', 'new', access_token => 'x')`],
      [
        'link_service_to_user again',
        `select link_service_to_user('plan-7', 'gmail', 'account-30', access_token => 'x')`,
      ],
      ['unlink_service_from_user', `select unlink_service_from_user('plan-7', 'telegram')`],
      [
        'bulk_link_services_to_user',
        `select bulk_link_services_to_user('plan-7', '[{"service_id": "signal", "external_user_id": "x"}]')`,
      ],
      ['bulk_unlink_services_from_user', `select bulk_unlink_services_from_user('plan-7', '["gmail", "telegram"]')`],
    ].map(([name = '', statement = '']): [string, Role, string, number] => [name, role as Role, statement, ofOneUser]),
  ),
  ['get_valid_token', 'gatehouse_sql', `select get_valid_token('plan-7', 'gmail')`, ofOneUser],
  ['get_user_with_integrations', 'gatehouse_sql', `select get_user_with_integrations('plan-7')`, ofOneUser],
  [
    'write_tokens',
    'gatehouse_sql',
    `select gatehouse.write_tokens(jsonb_build_object('integration_id', md5('integration30'), 'access_token', 'x'))`,
    ofOneUser,
  ],
  [
    'move_integration',
    'gatehouse_sql',
    `select gatehouse.move_integration(md5('integration32')::uuid, 'plan-8888')`,
    ofOneUser,
  ],
  [
    'delete, with its grant',
    'gatehouse_sql',
    `delete from user_integrations where id = md5('integration30')::uuid`,
    ofOneUser,
  ],
  [
    'update_integration',
    'gatehouse_member',
    `select gatehouse.update_integration(jsonb_build_object('user_id', 'plan-7', 'id', md5('integration30'), 'is_primary', true, 'is_active', false))`,
    ofOneUser,
  ],
  [
    'link_own_connection',
    'gatehouse_member',
    `select gatehouse.link_own_connection(jsonb_build_object('connection_id', md5('grant12'), 'service_id', 'google_calendar'))`,
    ofOneUser,
  ],
  ['service_grant', 'gatehouse_member', `select gatehouse.service_grant('gmail', null)`, ofOneUser],
  ...(['gatehouse_sql', 'gatehouse_admin'] as const).flatMap((role): [string, Role, string, number][] => [
    [`${page}, all`, role, `select * from ${page}()`, ofAllBroken],
    [
      `${page}, a later page`,
      role,
      `select * from ${page}(null, 100, '80000000-0000-4000-8000-000000000000')`,
      ofAllBroken,
    ],
    [`${page}, by service`, role, `select * from ${page}('telegram', 100)`, 500 + ofAllBroken],
    ['cleanup_orphaned_integrations, dry', role, 'select cleanup_orphaned_integrations()', 2200],
    ['cleanup_orphaned_integrations', role, 'select cleanup_orphaned_integrations(false, 1000)', 4200],
  ]),
];

describe(`at ${ROWS.toLocaleString('en')} integrations, through indexes alone and in bounds:`, () => {
  it.each(calls)('%s, as %s', async (_, role, statement, atMost) => {
    const { scanned, fetched } = await read(role, statement);
    expect(scanned).toEqual([]);
    expect(fetched).toBeLessThanOrEqual(atMost);
  });

  const sweeps: [Role, string, string[]][] = (['gatehouse_sql', 'gatehouse_admin'] as const).flatMap((role) => [
    [
      role,
      `select * from ${page}()`,
      [
        'user_integrations_without_grant_idx',
        'user_integrations_without_account_idx',
        'oauth_connections_broken_idx',
        'oauth_connections_not_renewed_idx',
      ],
    ],
    [role, 'select cleanup_orphaned_integrations(false, 1000)', ['user_integrations_empty_idx']],
  ]);
  it.each(sweeps)('by its plan, as %s: %s', async (role, statement, indexes) => {
    const nodes = await plannedNodes(client, { role, statement });
    const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
    expect(scanned.filter((name) => name !== 'services')).toEqual([]);
    expect(nodes.map((node) => node['Index Name'])).toEqual(expect.arrayContaining(indexes));
  });

  it('and a scan would be seen', async () => {
    const { scanned, fetched } = await read(
      'gatehouse_sql',
      `select count(*) from user_integrations where display_label = 'x'`,
    );
    expect(scanned).toEqual(['user_integrations']);
    // Workers beside this session count for themselves.
    expect(fetched).toBeGreaterThan(ofAllBroken);
  });

  it('the pages together have each of them once', async () => {
    const all: string[] = [];
    for (let after = ''; ; after = all.at(-1) ?? '') {
      const { rows } = await client.query<{ id: string }>(
        `select integration_id as id from ${page}(null, 10000, nullif($1, '')::uuid)`,
        [after],
      );
      all.push(...rows.map(({ id }) => id));
      if (rows.length < 10_000) break;
    }
    expect(all.length).toBeGreaterThan(ROWS / 100);
    expect(new Set(all).size).toBe(all.length);
  });
});

it('none is left out: every function that a role may call is tried, or is a part of one', () => {
  const granted = globSync('src/db/functions/integrations/*.sql').filter((file) =>
    /grant execute/.test(readFileSync(file, 'utf8')),
  );
  const names = granted.map((file) => /(\w+)\.sql$/.exec(file)?.[1] ?? '');
  const tried = calls.map(([name]) => name.split(/[ ,]/)[0]);
  // They call one of those above with a service's name, are called by them, or read no table.
  const parts = names.filter((name) => /^(get_\w+_token|(un)?link_\w+_(to|from)_user)$/.test(name));
  parts.push(
    'cleanup_integrations',
    'incomplete_integrations',
    'integrations_of',
    'change_services',
    'link_integration',
    'account_link',
    'link_once',
    'unlink_integrations',
  );
  parts.push(
    'integration_json',
    'primary_integration',
    'linkable_service',
    'is_expired',
    'is_sealed',
    'unverified_account',
  );
  parts.push('update_integration_view', 'delete_integration_view');
  expect(names.filter((name) => !tried.includes(name) && !parts.includes(name))).toEqual([]);
});
