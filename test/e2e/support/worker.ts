import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { writeEnvFile } from '../../../scripts/support/dev-settings.ts';
import { startWranglerDev } from '../../../scripts/support/wrangler-dev.ts';

/** The real Worker on workerd, on this machine, with the database of the test run. */
export interface RunningWorker {
  /** Its PUBLIC_URL, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `wrangler dev` on a free port. `settings` are added to those of the run. */
export async function startWorker(settings: Record<string, string> = {}): Promise<RunningWorker> {
  const { OWNER_URL: _, ...run } = inject('worker');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const envFile = join(folder, 'dev.vars');
  writeEnvFile(envFile, { ...run, PUBLIC_URL: url, ...settings });
  const worker = await startWranglerDev({ port, envFile, persistTo: join(folder, 'objects'), onLine: () => {} });
  const stop = async () => {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
