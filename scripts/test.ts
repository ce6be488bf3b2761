import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './support/postgres.ts';

const help = `
npm test                    everything that needs no system package, on the embedded PostgreSQL
npm run test:server         all that meets the database, and the concurrency tests, on a PostgreSQL
                            server of its own: binaries from PG_BIN, /usr/lib/postgresql or PATH; or
                            TEST_POSTGRES_URL, the superuser URL of a server that runs
npm run test:e2e            a browser against the running Worker (Chromium: CHROMIUM_PATH or PATH)

Further words go to vitest: npm test -- test/sql/gate.test.ts
`;

const words = process.argv.slice(2);
if (words.includes('--help') || words.includes('-h')) console.log(help.trim());
else process.exitCode = await run();

async function run(): Promise<number> {
  const rest = words.filter((word) => word !== '--server' && word !== '--e2e');
  if (words.includes('--e2e')) return vitest(['e2e'], rest);
  if (!words.includes('--server')) return vitest(['node', 'workerd'], rest);
  if (process.env.TEST_POSTGRES_URL) return vitest(['node', 'workerd', 'server'], rest);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'));
  const server = await startPostgres(folder);
  try {
    console.log(`PostgreSQL ${server.version} started for these tests.`);
    return vitest(['node', 'workerd', 'server'], rest, { TEST_POSTGRES_URL: server.url });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function vitest(projects: string[], rest: string[], env: Record<string, string> = {}): number {
  const chosen = projects.flatMap((project) => ['--project', project]);
  const { status } = spawnSync('vitest', ['run', ...chosen, ...rest], {
    stdio: 'inherit',
    // miniflare would ask the network where this machine is.
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', ...env },
  });
  return status ?? 1;
}
