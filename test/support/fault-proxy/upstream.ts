import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request as send } from 'node:http';

/** What the provider answered. */
export interface Upstream {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

const MAX_BODY = 1024 * 1024;

/** A whole body. @throws Error beyond a megabyte */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('The body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Passes a request on, Host header and all: so the provider builds its addresses from the proxy's. It goes on when the
 * client has gone.
 */
export function forward(
  request: IncomingMessage,
  body: Buffer,
  to: { origin: string; agent: Agent },
): Promise<Upstream> {
  return new Promise((done, refuse) => {
    const { 'transfer-encoding': _, connection: __, ...headers } = request.headers;
    const init = { method: request.method, headers: { ...headers, 'content-length': body.length }, agent: to.agent };
    const passed = send(new URL(request.url ?? '/', to.origin), init, (answer) => {
      const { 'transfer-encoding': ___, connection: ____, ...answered } = answer.headers;
      readBody(answer).then(
        (whole) => done({ status: answer.statusCode ?? 502, headers: answered, body: whole }),
        refuse,
      );
    });
    passed.once('error', refuse);
    passed.end(body);
  });
}
