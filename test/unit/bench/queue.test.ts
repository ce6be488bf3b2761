import { describe, expect, it, onTestFinished } from 'vitest';
import { readWorkerConfig } from '../../../bench/support/build.ts';
import { encodeMessage } from '../../../bench/support/queue-messages.ts';
import { DeliveryQueue } from '../../../bench/support/queue.ts';
import type { Consumer, QueueOutcome, QueueSettings } from '../../../bench/support/queue-delivery.ts';

const fast: QueueSettings = {
  queue: 'jobs',
  maxBatchSize: 10,
  maxBatchTimeoutSeconds: 0,
  maxRetries: 2,
  retryDelaySeconds: 60,
  maxConcurrency: 1,
};

const ok: QueueOutcome = {
  outcome: 'ok',
  ackAll: false,
  retryBatch: { retry: false },
  explicitAcks: [],
  retryMessages: [],
};

function newQueue(settings: Partial<QueueSettings> = {}): DeliveryQueue {
  const queue = new DeliveryQueue({ ...fast, ...settings });
  onTestFinished(() => queue.pause());
  return queue;
}

const encoded = (...bodies: unknown[]) => bodies.map((body) => encodeMessage(body));
const soon = () => new Promise((done) => setTimeout(done, 20));

/** Remembers the attempts of each batch, and ends it as told. */
function consumer(end: (ids: readonly string[]) => Partial<QueueOutcome>) {
  const attempts: number[][] = [];
  const consume: Consumer = async ({ messages }) => {
    attempts.push(messages.map((message) => message.attempts));
    return { ...ok, ...end(messages.map(({ id }) => id)) };
  };
  return { attempts, consume };
}

describe('a queue', () => {
  it('keeps messages until somebody takes them, and forgets what was done with', async () => {
    const queue = newQueue();
    queue.send(encoded({ job: 1 }, { job: 2 }));
    expect(queue.pending()).toMatchObject([
      { body: { job: 1 }, attempts: 0, state: 'ready' },
      { body: { job: 2 }, state: 'ready' },
    ]);
    const { attempts, consume } = consumer(() => ({}));
    queue.attach(consume);
    await queue.settled();
    expect(attempts).toEqual([[1, 1]]);
    expect(queue.counts()).toEqual({ sent: 2, delivered: 1, acknowledged: 2, retried: 0, dropped: 0 });
  });

  it('makes batches no larger than it may, and no more at once', async () => {
    const queue = newQueue({ maxBatchSize: 2, maxConcurrency: 2 });
    let [atOnce, most] = [0, 0];
    queue.send(encoded(1, 2, 3, 4, 5, 6, 7));
    queue.attach(async ({ messages }) => {
      expect(messages.length).toBeLessThanOrEqual(2);
      most = Math.max(most, (atOnce += 1));
      await soon();
      atOnce -= 1;
      return ok;
    });
    await queue.settled();
    expect([most, queue.counts().delivered]).toEqual([2, 4]);
  });

  it('brings again what asked for it, after its own delay or else the queue’s', async () => {
    const queue = newQueue();
    const { attempts, consume } = consumer(([first = '', second = '']) => ({
      retryMessages: [{ msgId: first, delaySeconds: 0.03 }, { msgId: second }],
    }));
    const detach = queue.attach(consume);
    queue.send(encoded('soon', 'late', 'never'));
    await soon();
    expect(queue.pending().map(({ body, state }) => [body, state])).toEqual([
      ['soon', 'delayed'],
      ['late', 'delayed'],
    ]);
    detach();
    await soon();
    expect(queue.pending().map(({ state }) => state)).toEqual(['ready', 'delayed']);
    queue.hurry();
    const again = consumer(() => ({}));
    queue.attach(again.consume);
    await queue.settled();
    expect([attempts, again.attempts]).toEqual([[[1, 1, 1]], [[2, 2]]]);
  });

  it('holds an acknowledgement although the handler failed, and brings the rest again', async () => {
    const queue = newQueue();
    const { consume } = consumer(([first = '']) => ({ outcome: 'exception', explicitAcks: [first] }));
    queue.attach(consume);
    queue.send(encoded('done', 'open'));
    await soon();
    expect(queue.pending()).toMatchObject([{ body: 'open', attempts: 1, state: 'delayed' }]);
  });

  it('takes a consumer that died for one that did nothing, and gives up in the end', async () => {
    const queue = newQueue({ retryDelaySeconds: 0 });
    let deliveries = 0;
    queue.attach(async () => {
      deliveries += 1;
      throw new Error('killed');
    });
    queue.send(encoded('job'));
    await queue.settled();
    expect([deliveries, queue.counts()]).toMatchObject([3, { retried: 2, dropped: 1, acknowledged: 0 }]);
  });

  it('delivers nothing while it is paused, and says what is left', async () => {
    const queue = newQueue();
    queue.attach(consumer(() => ({})).consume);
    queue.pause();
    queue.send(encoded('job'));
    await expect(queue.settled(30)).rejects.toThrow('1 waiting');
    queue.resume();
    await queue.settled();
  });

  it('lets consumers take turns', async () => {
    const queue = newQueue({ maxBatchSize: 1 });
    const [one, other] = [consumer(() => ({})), consumer(() => ({}))];
    queue.attach(one.consume);
    queue.attach(other.consume);
    queue.send(encoded(1, 2, 3, 4));
    await queue.settled();
    expect([one.attempts.length, other.attempts.length]).toEqual([2, 2]);
  });
});

it('what wrangler.toml says of the refresh queue is what the benchmark’s queue does', () => {
  expect(readWorkerConfig().queues.REFRESH_QUEUE).toMatchObject({ queue: 'gatehouse-refresh', maxBatchSize: 1 });
});
