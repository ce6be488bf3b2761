import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningWorker, startWorker } from '../support/running-worker.ts';

const run = promisify(execFile);
const demo = (...words: string[]) =>
  run(process.execPath, ['scripts/demo.ts', ...words]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );

describe('the demo', () => {
  let worker: RunningWorker;
  beforeAll(async () => void (worker = await startWorker({ ...inject('worker') })), 120_000);
  afterAll(() => worker.close());

  it('tells its story to the end: the revoked session is refused on its next call', async () => {
    const { code, stdout, stderr } = await demo('--url', worker.url, '--json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string; code?: string });
    expect(steps.map(({ step }) => step)).toEqual(['ask', 'mail', 'sign_in', 'list', 'revoke', 'refused']);
    expect(steps.at(-1)?.code).toBe('session.revoked');
  });

  it('prints no secret', async () => {
    const { stdout } = await demo('--url', worker.url);
    expect(stdout).toContain(' 6. ');
    expect(stdout).not.toMatch(/gts_|#token=/);
  });
});

describe('the demo says what is wrong', () => {
  it('when nothing runs there', async () => {
    const { code, stderr } = await demo('--url', 'http://127.0.0.1:1');
    expect(stderr).toBe('Nothing answers at http://127.0.0.1:1. Start it in another terminal: npm run dev\n');
    expect(code).toBe(1);
  });

  it('when something else runs there', async () => {
    const other = createServer((_, response) => void response.end('hello'));
    await new Promise<void>((done) => void other.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, stderr } = await demo('--url', url);
    other.close();
    expect(stderr).toBe(`What answers at ${url} is not Gatehouse.\n`);
    expect(code).toBe(1);
  });

  it('when it is called wrongly', async () => {
    expect(await demo('--url', 'localhost')).toMatchObject({
      code: 2,
      stderr: '--url must be an http(s) address, not "localhost".\n',
    });
    expect(await demo('--ulr')).toMatchObject({ code: 2, stderr: expect.stringContaining("'--ulr'") });
  });
});
