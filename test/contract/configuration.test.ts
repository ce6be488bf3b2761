import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unstable_readConfig } from 'wrangler';
import { describe, expect, it } from 'vitest';
import { settingNames } from '../../src/env.ts';
import { loginEventTypes } from '../../src/domain/auth/schemas.ts';
import { errors } from '../../src/errors.ts';
import { jobs } from '../../src/jobs/schedule.ts';
import { changedFunctions, readMigrated, readSources } from '../../scripts/support/sql-functions.ts';

/** The parts of wrangler's configuration that are looked at. */
interface Config {
  readonly triggers: { readonly crons?: readonly string[] };
  readonly durable_objects: { readonly bindings: readonly { readonly class_name: string }[] };
  readonly migrations: readonly { readonly new_sqlite_classes?: readonly string[] }[];
  readonly compatibility_flags: readonly string[];
}

const config = unstable_readConfig({ config: 'wrangler.toml' }) as unknown as Config;

describe('wrangler.toml', () => {
  it('fires exactly the cron expressions that have jobs', () => {
    expect([...(config.triggers.crons ?? [])].toSorted()).toEqual(Object.keys(jobs).toSorted());
  });

  it('binds exactly the Durable Objects that the Worker exports, each with a migration', () => {
    const bound = config.durable_objects.bindings.map(({ class_name }) => class_name).toSorted();
    const exported = [...readFileSync('src/worker.ts', 'utf8').matchAll(/export \{ (\w+) \} from '\.\/objects/g)].map(
      ([, name]) => name,
    );
    const migrated = config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes ?? []);
    expect(exported.toSorted()).toEqual(bound);
    expect(migrated.toSorted()).toEqual(bound);
  });

  it('leaves no fetch to our own zone past its front door', () => {
    expect(config.compatibility_flags).toContain('global_fetch_strictly_public');
  });
});

it('.dev.vars.example lists exactly the settings there are', () => {
  const text = readFileSync('.dev.vars.example', 'utf8');
  const listed = [...text.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  const forScripts = ['MIGRATION_DATABASE_URL'];
  expect(listed.toSorted()).toEqual([...settingNames, ...forScripts].toSorted());
});

describe('the database', () => {
  it('has every SQL function as its readable source has it', () => {
    expect(changedFunctions(readSources(), readMigrated())).toEqual([]);
  });

  it('has every table as the schema has it: drizzle-kit finds nothing to generate', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-drizzle-'));
    try {
      cpSync('drizzle', folder, { recursive: true });
      execFileSync(
        'drizzle-kit',
        ['generate', '--dialect', 'postgresql', '--schema', './src/db/schema', '--out', folder],
        { stdio: 'pipe' },
      );
      expect(readdirSync(folder).toSorted()).toEqual(readdirSync('drizzle').toSorted());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has a way down for every migration, and no name that says nothing', () => {
    const ups = readdirSync('drizzle').filter((name) => name.endsWith('.sql'));
    expect(readdirSync('drizzle/down').toSorted()).toEqual(ups.toSorted());
    for (const name of ups) expect(name).toMatch(/^\d{4}_[a-z0-9]+(_[a-z0-9]+)*\.sql$/);
  });

  it('raises only SQLSTATEs that the error table knows, and the table knows none that nothing raises', () => {
    const raised = globSync('src/db/functions/**/*.sql').flatMap((file) =>
      // The message is the code, or a sentence for SQL clients with the code as its detail.
      [
        ...readFileSync(file, 'utf8').matchAll(
          /raise exception '([^']+)'[^;]*?using errcode = '(GH\d{3})'(?:, detail = '([a-z_.]+)')?/g,
        ),
      ].map(([, message, state, code]) => `${state} ${code ?? message}`),
    );
    const known = Object.entries(errors).flatMap(([code, entry]) =>
      'sqlstate' in entry ? [`${entry.sqlstate} ${code}`] : [],
    );
    expect([...new Set(raised)].toSorted()).toEqual(known.toSorted());
  });

  it('answers only refusals that the error table knows', () => {
    const done = [
      'signed_in',
      'registered',
      'removed',
      'unlinked',
      'linked',
      'created',
      'changed',
      'secured',
      'preview',
    ];
    const between = ['proven', 'used', 'taken', 'send', 'stepped_up'];
    // What a report does about the address.
    between.push('restored', 'kept', 'there', 'other', 'final', 'outranked');
    const text = globSync('src/db/functions/auth/*.sql')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const spellings = [
      /'outcome', '([a-z_.]+)'/g,
      /"outcome": "([a-z_.]+)"/g,
      /v_outcome := '([a-z_.]+)'/g,
      /then '([a-z_]+\.[a-z_]+)'/g,
    ];
    const outcomes = spellings.flatMap((spelling) => [...text.matchAll(spelling)]);
    expect(outcomes.length).toBeGreaterThan(40);
    for (const [, outcome = ''] of outcomes) {
      expect([...done, ...between].includes(outcome) || outcome in errors, outcome).toBe(true);
    }
  });

  it('writes only events to the history that the API names', () => {
    const text = globSync('src/db/functions/auth/*.sql')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const written = [...text.matchAll(/record_login\([^,]+, '([a-z_]+)'/g)].map(([, event]) => event ?? '');
    expect([...new Set(written)].toSorted()).toEqual([...loginEventTypes].toSorted());
  });
});

it('package.json carries what the mission names, and the lock file no addresses', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const names = Object.keys({ ...dependencies, ...devDependencies });
  for (const name of [
    '@trpc/server',
    'hono',
    'drizzle-orm',
    '@neondatabase/serverless',
    'wrangler',
    'zod',
    '@simplewebauthn/server',
    'vitest',
    '@cloudflare/vitest-pool-workers',
  ]) {
    expect(names).toContain(name);
  }
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved": "http');
});

it('the README stays short', () => {
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(151);
});
