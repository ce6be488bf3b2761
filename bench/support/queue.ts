import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Consumer,
  type DeliveredMessage,
  type PendingMessage,
  type QueueCounts,
  type QueueOutcome,
  type QueueSettings,
  verdictOn,
} from './queue-delivery.ts';
import { decodeBody, type SentMessage } from './queue-messages.ts';

interface Entry {
  readonly message: DeliveredMessage;
  /** Unix time in milliseconds. */
  readonly dueAt: number;
}

/**
 * A queue that does what Cloudflare's promises and no more: at least once, in no order, an acknowledged message never
 * again, another one again after its delay until its retries are used up. A consumer that dies acknowledged nothing.
 */
export class DeliveryQueue {
  readonly #settings: QueueSettings;
  readonly #waiting = new Map<string, Entry>();
  readonly #underWay = new Map<string, Entry>();
  readonly #consumers: Consumer[] = [];
  readonly #counts = { sent: 0, delivered: 0, acknowledged: 0, retried: 0, dropped: 0 };
  #batchesUnderWay = 0;
  #isPaused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  /** Takes messages in. */
  send(messages: readonly SentMessage[]): void {
    this.#counts.sent += messages.length;
    for (const { contentType, body, delaySeconds } of messages) {
      const timestamp = Date.now();
      const message = { id: randomUUID(), timestamp, attempts: 0, contentType, body };
      this.#waiting.set(message.id, { message, dueAt: timestamp + delaySeconds * 1000 });
    }
    this.#pump();
  }

  /** Adds a consumer; they take turns. Answers how to take it away. */
  attach(consumer: Consumer): () => void {
    this.#consumers.push(consumer);
    this.#pump();
    return () => {
      const at = this.#consumers.indexOf(consumer);
      if (at >= 0) this.#consumers.splice(at, 1);
    };
  }

  /** What has not been acknowledged, in no order. */
  pending(): PendingMessage[] {
    const now = Date.now();
    const told = ({ message }: Entry, state: PendingMessage['state']) => {
      const { id, attempts } = message;
      return { id, attempts, body: decodeBody(message), state };
    };
    return [
      ...[...this.#waiting.values()].map((entry) => told(entry, entry.dueAt <= now ? 'ready' : 'delayed')),
      ...[...this.#underWay.values()].map((entry) => told(entry, 'delivering')),
    ];
  }

  /** Delivers nothing more until `resume`; what is under way goes on. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  /** Lets the time of every delay pass. */
  hurry(): void {
    const now = Date.now();
    for (const [id, entry] of this.#waiting) this.#waiting.set(id, { ...entry, dueAt: Math.min(entry.dueAt, now) });
    this.#pump();
  }

  /** Until nothing is ready, delayed or under way. @throws Error that says what is left at the deadline */
  async settled(deadlineMs = 30_000): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while (this.#waiting.size + this.#underWay.size > 0) {
      if (Date.now() > deadline)
        throw new Error(`The queue still has ${this.#waiting.size} waiting and ${this.#underWay.size} under way.`);
      await sleep(10);
    }
  }

  counts(): QueueCounts {
    return { ...this.#counts };
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const { maxConcurrency, maxBatchTimeoutSeconds } = this.#settings;
    if (this.#isPaused || this.#consumers.length === 0) return;
    const queued = [...this.#waiting.values()].sort((one, other) => one.dueAt - other.dueAt);
    while (this.#batchesUnderWay < maxConcurrency) {
      const batch = nextBatch(queued, this.#settings);
      if (batch.length === 0) break;
      queued.splice(0, batch.length);
      void this.#deliver(batch);
    }
    const [next] = queued;
    if (!next || this.#batchesUnderWay >= maxConcurrency) return;
    const now = Date.now();
    const at = next.dueAt <= now ? next.dueAt + maxBatchTimeoutSeconds * 1000 : next.dueAt;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, at - now));
  }

  async #deliver(batch: readonly Entry[]): Promise<void> {
    const consumer = this.#consumers.shift();
    if (!consumer) return;
    this.#consumers.push(consumer);
    const messages = batch.map(({ message }) => ({ ...message, attempts: message.attempts + 1 }));
    for (const message of messages) {
      this.#waiting.delete(message.id);
      this.#underWay.set(message.id, { message, dueAt: 0 });
    }
    this.#batchesUnderWay += 1;
    this.#counts.delivered += 1;
    const outcome = await consumer({ queue: this.#settings.queue, messages }).catch(() => null);
    this.#batchesUnderWay -= 1;
    for (const message of messages) this.#settle(message, outcome);
    this.#pump();
  }

  #settle(message: DeliveredMessage, outcome: QueueOutcome | null): void {
    const { maxRetries, retryDelaySeconds } = this.#settings;
    const verdict = outcome ? verdictOn(message.id, outcome) : { isDone: false };
    this.#underWay.delete(message.id);
    if (verdict.isDone) this.#counts.acknowledged += 1;
    else if (message.attempts > maxRetries) this.#counts.dropped += 1;
    else {
      this.#counts.retried += 1;
      const dueAt = Date.now() + (verdict.delaySeconds ?? retryDelaySeconds) * 1000;
      this.#waiting.set(message.id, { message, dueAt });
    }
  }
}

/** The first of what is due, where there are enough of them or they have waited long enough. */
function nextBatch(queued: readonly Entry[], { maxBatchSize, maxBatchTimeoutSeconds }: QueueSettings): Entry[] {
  const now = Date.now();
  const due = queued.slice(0, maxBatchSize).filter(({ dueAt }) => dueAt <= now);
  const [first] = due;
  const isReady = first && (due.length === maxBatchSize || first.dueAt + maxBatchTimeoutSeconds * 1000 <= now);
  return isReady ? due : [];
}
