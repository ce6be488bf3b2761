import type { DeliveryQueue } from '../../bench/support/queue.ts';
import type { QueueBatch, QueueOutcome } from '../../bench/support/queue-delivery.ts';
import { encodeMessage } from '../../bench/support/queue-messages.ts';
import { randomSecret } from '../../src/lib/secrets.ts';
import { startWorkerd, type WorkerSetup } from '../../bench/support/workerd.ts';

/** What a tRPC call gives. */
export interface Answer {
  readonly status: number;
  readonly data: Record<string, string>;
  readonly code: string | undefined;
}

/** One workerd process with the built Worker. It can be killed, and comes back at the same address. */
export interface WorkerProcess {
  readonly url: string;
  /** Of the process that runs now. */
  pid(): number;
  /** What it logged so far. */
  lines(): string[];
  /** Calls a procedure, from a network of its own. @throws what fetch throws when the process is not there */
  call(path: string, input?: unknown, given?: { readonly token?: string; readonly key?: string }): Promise<Answer>;
  /** The newest mail to an address: its link's token and its code. */
  readMail(to: string): Promise<{ token: string; code: string }>;
  /** Hands messages to its queue handler, past the queue; `attempts` is which delivery of them this is. */
  queue(bodies: readonly unknown[], attempts?: number): Promise<QueueOutcome>;
  /** Fires a cron event, and waits for its end: `ok` or `exception`. */
  scheduled(cron: string): Promise<string>;
  /** `kill -9`. The queue delivers to it no more. A second time it does nothing. */
  kill(): Promise<void>;
  /** Starts it again, on its port and with its data. */
  restart(): Promise<void>;
}

/** Starts one, and takes from the queue with it. */
export async function startWorkerProcess(
  setup: WorkerSetup & { readonly port: number },
  queue: DeliveryQueue,
): Promise<WorkerProcess> {
  const url = `http://localhost:${setup.port}`;
  let running = await startWorkerd(setup);
  const take = (batch: QueueBatch) => running.queue(batch);
  let detach = queue.attach(take);
  return {
    url,
    pid: () => running.pid,
    lines: () => running.log(),
    call: callerOf(url),
    readMail: (to) => readMail(url, to),
    queue: (bodies, attempts = 1) => running.queue(batchOf(bodies, attempts)),
    scheduled: (cron) => running.scheduled(cron),
    kill: () => {
      detach();
      return running.kill();
    },
    restart: async () => {
      running = await startWorkerd(setup);
      detach = queue.attach(take);
    },
  };
}

function batchOf(bodies: readonly unknown[], attempts: number): QueueBatch {
  const messages = bodies.map((body, i) => {
    const { contentType, body: encoded } = encodeMessage(body);
    return { id: String(i), timestamp: Date.now(), attempts, contentType, body: encoded };
  });
  return { queue: 'gatehouse-refresh', messages };
}

/** By which calls without a token are known to be the same caller's. */
const caller = randomSecret();
let network = Math.floor(Math.random() * 2 ** 16);

function callerOf(url: string): WorkerProcess['call'] {
  return async (path, input, given = {}) => {
    network = (network + 1) % 2 ** 24;
    const isQuery = /\.(get|list|explain)/.test(path);
    const query = isQuery && input !== undefined ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
    const response = await fetch(`${url}/trpc/${path}${query}`, {
      method: isQuery ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        'cf-connecting-ip': `10.${network >> 16}.${(network >> 8) & 255}.${network & 255}`,
        ...(given.token && { authorization: `Bearer ${given.token}` }),
        ...(given.key && { 'idempotency-key': given.key, 'idempotency-caller': caller }),
      },
      body: isQuery ? undefined : JSON.stringify(input ?? {}),
    });
    const body = (await response.json()) as {
      result?: { data: Record<string, string> };
      error?: { data: { appCode: string } };
    };
    return { status: response.status, data: body.result?.data ?? {}, code: body.error?.data.appCode };
  };
}

async function readMail(url: string, to: string): Promise<{ token: string; code: string }> {
  const mailbox = await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(to)}`);
  const { items } = (await mailbox.json()) as { items: { text: string }[] };
  const text = items[0]?.text ?? '';
  return { token: /#token=([\w-]+)/.exec(text)?.[1] ?? '', code: /^(\d{6})$/m.exec(text)?.[1] ?? '' };
}
