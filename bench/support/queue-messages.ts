import type { IncomingHttpHeaders } from 'node:http';

/** A message as the producer's binding encoded it. */
export interface SentMessage {
  readonly contentType: string;
  /** base64 */
  readonly body: string;
  readonly delaySeconds: number;
}

/** What workerd's queue binding sends for one `send` or `sendBatch`. */
export function readMessages(path: string, headers: IncomingHttpHeaders, body: Buffer): SentMessage[] {
  const delaySeconds = Number(headers['x-msg-delay-secs'] ?? 0);
  if (!path.endsWith('/batch')) {
    const contentType = String(headers['x-msg-fmt'] ?? 'v8');
    return [{ contentType, body: body.toString('base64'), delaySeconds }];
  }
  const { messages } = JSON.parse(body.toString('utf8')) as {
    messages: { body: string; contentType?: string; delaySecs?: number }[];
  };
  return messages.map((message) => ({
    contentType: message.contentType ?? 'v8',
    body: message.body,
    delaySeconds: message.delaySecs ?? delaySeconds,
  }));
}

/** A message with this JSON body, as the binding would encode it. */
export function encodeMessage(body: unknown, delaySeconds = 0): SentMessage {
  return { contentType: 'json', body: Buffer.from(JSON.stringify(body)).toString('base64'), delaySeconds };
}

/** The body in the clear: of JSON and text; of others the base64 stays. */
export function decodeBody({ contentType, body }: Pick<SentMessage, 'contentType' | 'body'>): unknown {
  const decoded = Buffer.from(body, 'base64').toString('utf8');
  if (contentType === 'json') return JSON.parse(decoded) as unknown;
  return contentType === 'text' ? decoded : body;
}
