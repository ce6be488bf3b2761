import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeEnvFile } from '../../scripts/support/dev-settings.ts';
import { startWranglerDev } from '../../scripts/support/wrangler-dev.ts';

/** The Worker as a process of its own, on loopback. */
export interface RunningWorker {
  readonly url: string;
  /** What it printed so far. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** Builds the Worker and runs what was built, with these settings; PUBLIC_URL becomes its own address. */
export async function startWorker(settings: Record<string, string>): Promise<RunningWorker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-worker-'));
  const envFile = join(folder, 'dev.vars');
  const url = `http://localhost:${port}`;
  writeEnvFile(envFile, { ...settings, PUBLIC_URL: url });
  // The bundle, not the sources: it is what is deployed, and an edit does not restart it in the middle of a test.
  execFileSync('wrangler', ['deploy', '--dry-run', '--minify', '--outdir', join(folder, 'bundle')], { stdio: 'pipe' });
  const lines: string[] = [];
  const worker = await startWranglerDev({
    port,
    script: join(folder, 'bundle', 'worker.js'),
    envFile,
    persistTo: join(folder, 'state'),
    onLine: (line) => lines.push(line),
  });
  const close = async () => {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, lines, close };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
