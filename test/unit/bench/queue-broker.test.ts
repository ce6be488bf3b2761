import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QueueBroker, startQueueBroker } from '../../../bench/support/queue-broker.ts';
import { encodeMessage } from '../../../bench/support/queue-messages.ts';
import { type RunningWorker, startWorkerd, type WorkerSetup } from '../../../bench/support/workerd.ts';

/** Sends what it is posted; its queue handler does as each message says. */
const script = `export default {
  async fetch(request, env) {
    if (request.method !== 'POST') return new Response('up');
    const { bodies, options } = await request.json();
    try { await env.JOBS.sendBatch(bodies.map((body) => ({ body })), options); }
    catch { return new Response('not sent', { status: 500 }); }
    return new Response('sent');
  },
  async queue(batch) {
    for (const message of batch.messages) {
      console.log(batch.queue, message.attempts, JSON.stringify(message.body));
      if (message.body.hang) await new Promise((done) => setTimeout(done, 60_000));
      if (message.body.retry && message.attempts === 1) message.retry({ delaySeconds: message.body.retry });
      else if (message.body.fail) throw new Error('as told');
      else message.ack();
    }
  },
  async scheduled(event) {
    if (event.cron === 'bad') throw new Error('as told');
    console.log('cron', event.cron);
  },
};`;

let folder: string;
let broker: QueueBroker;
let setup: WorkerSetup;
let worker: RunningWorker;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-queue-'));
  writeFileSync(join(folder, 'script.js'), script);
  broker = await startQueueBroker({
    queue: 'jobs',
    maxBatchSize: 5,
    maxBatchTimeoutSeconds: 0,
    maxRetries: 3,
    retryDelaySeconds: 0,
    maxConcurrency: 2,
  });
  setup = {
    name: 'sender',
    folder,
    script: join(folder, 'script.js'),
    compatibilityDate: '2026-11-01',
    compatibilityFlags: [],
    settings: {},
    queues: { JOBS: broker.address },
    withEvents: true,
  };
  worker = await startWorkerd(setup);
});
afterAll(async () => {
  await worker.stop();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

const send = async (bodies: unknown[], options = {}) => {
  const url = `http://127.0.0.1:${worker.port}/`;
  return (await fetch(url, { method: 'POST', body: JSON.stringify({ bodies, options }) })).text();
};

describe('a queue between Workers on workerd', () => {
  it('takes what the binding sends and hands it to the handler', async () => {
    expect(await send([{ one: 1 }, { two: 'zwei ✓' }])).toBe('sent');
    const detach = broker.queue.attach((batch) => worker.queue(batch));
    await broker.queue.settled();
    detach();
    expect(worker.log()).toEqual(expect.arrayContaining(['jobs 1 {"one":1}', 'jobs 1 {"two":"zwei ✓"}']));
  });

  it('delays what the sender delays', async () => {
    await send([{ later: true }], { delaySeconds: 600 });
    expect(broker.queue.pending()).toMatchObject([{ body: { later: true }, state: 'delayed' }]);
    const detach = broker.queue.attach((batch) => worker.queue(batch));
    broker.queue.hurry();
    await broker.queue.settled();
    detach();
  });

  it('learns what the handler did with each message', async () => {
    const messages = [{ retry: 7 }, { done: true }].map((body, i) => {
      const { contentType, body: encoded } = encodeMessage(body);
      return { id: String(i), timestamp: Date.now(), attempts: 1, contentType, body: encoded };
    });
    expect(await worker.queue({ queue: 'jobs', messages })).toMatchObject({
      outcome: 'ok',
      explicitAcks: ['1'],
      retryMessages: [{ msgId: '0', delaySeconds: 7 }],
    });
  });

  it('fails a send while the queue is away', async () => {
    broker.refuse(true);
    expect(await send([{ lost: true }])).toBe('not sent');
    broker.refuse(false);
    expect(broker.queue.pending()).toEqual([]);
  });

  it('keeps the message of a Worker that was killed, for the next one', async () => {
    await send([{ hang: true }]);
    const detach = broker.queue.attach((batch) => worker.queue(batch));
    while (!worker.log().some((line) => line.includes('hang'))) await new Promise((done) => setTimeout(done, 10));
    const { port } = worker;
    broker.queue.pause();
    await worker.kill();
    detach();
    worker = await startWorkerd({ ...setup, port });
    while (broker.queue.pending()[0]?.state !== 'ready') await new Promise((done) => setTimeout(done, 10));
    expect(broker.queue.pending()).toMatchObject([{ body: { hang: true }, attempts: 1 }]);
    broker.queue.attach(async ({ messages }) => ({
      outcome: 'ok',
      ackAll: false,
      retryBatch: { retry: false },
      explicitAcks: messages.map(({ id }) => id),
      retryMessages: [],
    }));
    broker.queue.resume();
    await broker.queue.settled();
  });

  it('can be fired by cron, and says how that ended', async () => {
    expect(await worker.scheduled('*/5 * * * *')).toBe('ok');
    expect(worker.log()).toContain('cron */5 * * * *');
    expect(await worker.scheduled('bad')).toBe('exception');
  });
});
