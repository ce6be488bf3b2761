import { request as sendRequest } from 'node:http';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readableLine, relayedLine } from '../../scripts/support/worker-lines.ts';
import { type RunningWorker, startWorker } from '../support/running-worker.ts';

/** The Worker as `npm run dev` runs it: built, behind wrangler, behind the front door. */
let worker: RunningWorker;
beforeAll(async () => void (worker = await startWorker({ ...inject('worker') })), 120_000);
afterAll(() => worker.close());

function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { port } = new URL(worker.url);
  return new Promise((done, refuse) => {
    const request = sendRequest({ host: '127.0.0.1', port, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', refuse).end();
  });
}

const foreign = { host: 'evil.example:8787' };

it('DNS rebinding: a page reads no mail, whatever headers it sets', async () => {
  const original = { 'mf-original-url': `${worker.url}/dev/mailbox.json` };
  const forwarded = { 'x-forwarded-host': new URL(worker.url).host, 'x-forwarded-proto': 'http' };
  for (const more of [{}, original, forwarded]) {
    expect((await ask('/dev/mailbox.json', { ...foreign, ...more })).status).toBe(403);
  }
  expect((await ask('/dev/mailbox.json', original)).status).toBe(200);
});

it('no request fires a cron event, or looks into wrangler', async () => {
  for (const path of ['/__scheduled', '/cdn-cgi/handler/scheduled', '/cdn-cgi/mf/scheduled', '/cdn-cgi/explorer']) {
    expect((await ask(path)).status, path).toBe(404);
    expect((await ask(path, foreign)).status, path).toBe(403);
  }
});

it('a path reaches the terminal as text, in one line behind the name of who writes it', async () => {
  const marker = `m${Date.now()}`;
  await ask(`/trpc/${marker}%1b%5B2J%0D%0Adev%20%20%20%20%20Service%20token%20%C2%9B31m%E2%80%AE`);
  const found = () => worker.lines.filter((line) => line.includes(marker));
  await expect.poll(() => found().length).toBeGreaterThan(0);
  for (const line of found()) {
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const shown = readableLine(line);
    if (shown !== null) expect(relayedLine('worker', shown)).toMatch(/^worker {2}[^\p{Cc}\p{Cf}]*$/u);
  }
});
