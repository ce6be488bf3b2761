import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import type { WorkerEnvironment } from './test/support/global-setup.ts';

/**
 * One configuration, four projects:
 *   node     what runs on this side: contracts, SQL through the driver, commands, the endpoint
 *   workerd  the Worker in its own runtime, its database behind the Neon-compatible endpoint
 *   server   what only a PostgreSQL server can show: concurrency. It refuses to run on the embedded one
 *   e2e      a browser against the running Worker
 * The global setup starts one database for all: embedded, or a fresh one on TEST_POSTGRES_URL.
 */
const server = ['test/**/server/**/*.test.ts'];
const e2e = ['test/e2e/**/*.test.ts'];
const inWorkerd = ['test/worker/**/*.test.ts', 'test/attacks/**/*.test.ts'];

/** What meets no database, or brings its own embedded one: on a server it would be the same run again. */
const sameEverywhere = [
  'test/unit/**/*.test.ts',
  'test/migrate/*.test.ts',
  'test/neon-local/*.test.ts',
  'test/legacy/*.test.ts',
];
const already = process.env.TEST_POSTGRES_URL ? sameEverywhere : [];

export default defineConfig({
  test: {
    globalSetup: './test/support/global-setup.ts',
    env: { TZ: 'UTC' },
    silent: 'passed-only',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [...server, ...e2e, ...inWorkerd, ...already],
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: inject<WorkerEnvironment>('worker') },
          })),
        ],
        test: { name: 'workerd', include: inWorkerd, exclude: server },
      },
      { extends: true, test: { name: 'server', include: server, maxWorkers: 1, testTimeout: 120_000 } },
      { extends: true, test: { name: 'e2e', include: e2e, maxWorkers: 1, testTimeout: 120_000 } },
    ],
  },
});
