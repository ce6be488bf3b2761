import type { SentMessage } from './queue-messages.ts';

/** How a queue delivers: what `[[queues.consumers]]` of wrangler.toml says. */
export interface QueueSettings {
  readonly queue: string;
  readonly maxBatchSize: number;
  readonly maxBatchTimeoutSeconds: number;
  readonly maxRetries: number;
  readonly retryDelaySeconds: number;
  /** Batches under way at the same time. */
  readonly maxConcurrency: number;
}

/** A message as a Worker is given it. */
export interface DeliveredMessage extends Pick<SentMessage, 'contentType' | 'body'> {
  readonly id: string;
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  /** This one included: 1 at first. */
  readonly attempts: number;
}

export interface QueueBatch {
  readonly queue: string;
  readonly messages: readonly DeliveredMessage[];
}

/** What a Worker's handler did with a batch, in workerd's words (`FetcherQueueResult`). */
export interface QueueOutcome {
  readonly outcome: string;
  readonly ackAll: boolean;
  readonly retryBatch: { readonly retry: boolean; readonly delaySeconds?: number };
  readonly explicitAcks: readonly string[];
  readonly retryMessages: readonly { readonly msgId: string; readonly delaySeconds?: number }[];
}

export type Consumer = (batch: QueueBatch) => Promise<QueueOutcome>;

/** A message that has not been acknowledged. */
export interface PendingMessage {
  readonly id: string;
  readonly body: unknown;
  /** Deliveries so far. */
  readonly attempts: number;
  readonly state: 'ready' | 'delayed' | 'delivering';
}

/** `delivered` counts batches; the others messages. `dropped`: out of retries. */
export type QueueCounts = Readonly<Record<'sent' | 'delivered' | 'acknowledged' | 'retried' | 'dropped', number>>;

/** An explicit acknowledgement holds even where the handler then failed; what else it left open follows its end. */
export function verdictOn(
  id: string,
  outcome: QueueOutcome,
): { readonly isDone: boolean; readonly delaySeconds?: number } {
  const { explicitAcks, retryMessages, retryBatch, ackAll } = outcome;
  const retry = retryMessages.find(({ msgId }) => msgId === id);
  if (retry) return { isDone: false, delaySeconds: retry.delaySeconds ?? retryBatch.delaySeconds };
  if (ackAll || explicitAcks.includes(id)) return { isDone: true };
  return { isDone: outcome.outcome === 'ok' && !retryBatch.retry, delaySeconds: retryBatch.delaySeconds };
}
