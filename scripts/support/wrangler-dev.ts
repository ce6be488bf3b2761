import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { printable } from '../../src/lib/printable.ts';
import { openFrontDoor } from './front-door.ts';
import { eachLine } from './worker-lines.ts';

/** What `wrangler-process.ts` is told. */
export interface WranglerSettings {
  readonly port: number;
  readonly envFile: string;
  /** A bundle that was built before; absent: the sources, watched. */
  readonly script?: string;
  /** Where Durable Objects keep their data; absent: in memory. */
  readonly persistTo?: string;
}

export interface WranglerDevOptions extends WranglerSettings {
  /** Each line that wrangler or the Worker prints. */
  readonly onLine: (line: string) => void;
}

export interface WranglerDev {
  readonly process: ChildProcess;
  /** Fires a cron event, past the front door. Answers wrangler's status. */
  scheduled(cron: string): Promise<number>;
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts wrangler's development server on a free port of loopback, waits until it answers, and opens the front door at
 * the port that is asked for. The process is a group of its own, so that all ends.
 */
export async function startWranglerDev(options: WranglerDevOptions): Promise<WranglerDev> {
  const port = await freePort();
  const { child, lines } = startProcess(port, options);
  const stop = () => stopGroup(child);
  await waitUntilReady(child, port).catch(async (error: unknown) => {
    await stop();
    const last = lines.slice(-20).map(printable).join('\n');
    throw new Error(`wrangler dev did not start.\n${last}`, { cause: error });
  });
  const door = await openFrontDoor(options.port, { port }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    process: child,
    scheduled: async (cron) => {
      const address = `http://127.0.0.1:${port}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(cron)}`;
      return (await fetch(address)).status;
    },
    stop: async () => {
      await door.close();
      await stop();
    },
  };
}

function startProcess(port: number, options: WranglerDevOptions): { child: ChildProcess; lines: string[] } {
  const { envFile, script, persistTo } = options;
  const settings: WranglerSettings = { port, envFile, script, persistTo };
  const program = fileURLToPath(new URL('wrangler-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', program, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    // Nothing is asked of the network: no metrics, no look-up of where this machine is, no newer version.
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      // No page that looks into Durable Objects, and no record of every request.
      X_LOCAL_EXPLORER: 'false',
      X_LOCAL_OBSERVABILITY: 'false',
      CI: 'true',
      FORCE_COLOR: '0',
    },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    eachLine(stream, (line) => {
      lines.push(line);
      options.onLine(line);
    });
  }
  return { child, lines };
}

function freePort(): Promise<number> {
  return new Promise((done, refuse) => {
    const probe = createServer().once('error', refuse);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

async function waitUntilReady(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}`);
    const isUp = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.body?.cancel().then(() => true) ?? true,
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('no answer within 60 s');
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((done) => child.once('exit', done));
  process.kill(-child.pid, 'SIGTERM');
  const forced = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 5_000);
  await ended;
  clearTimeout(forced);
}
