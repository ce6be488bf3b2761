import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackHost } from '../neon-local/callers.ts';

/** What stands at the Worker's address in development, in front of wrangler. */
export interface FrontDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** Paths that wrangler answers itself: they fire cron events, and look into Durable Objects. */
const wranglersOwn = /^\/(?:cdn-cgi|__[^/]*)(?:\/|$)/i;

/**
 * Listens on loopback and passes on to wrangler what is for the Worker. Wrangler asks for no Host, but below `/cdn-cgi/`;
 * lets any page fire a cron event by a plain GET; and believes its own headers (`MF-Original-URL`) over the Host, so
 * that the Worker behind cannot see that a page of a foreign site asks by a name of its own (DNS rebinding).
 * @throws the server's error when the port is taken (EADDRINUSE)
 */
export async function openFrontDoor(port: number, target: { readonly port: number }): Promise<FrontDoor> {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const refusal = refusalOf(request);
    if (refusal) refuse(response, refusal);
    else passOn(request, response, target.port);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function refusalOf({ headers, url = '/' }: IncomingMessage): Refusal | null {
  if (!isLoopbackHost(headers.host)) {
    const message = 'This development server answers at localhost and 127.0.0.1 alone.';
    return { status: 403, code: 'host.untrusted', message };
  }
  // The whole address may stand in the first line (RFC 9112 §3.2.2), and would count instead of the Host.
  if (!url.startsWith('/') || wranglersOwn.test(pathOf(url))) {
    return { status: 404, code: 'route.not_found', message: 'There is nothing at this address.' };
  }
  return null;
}

/** As wrangler reads it: `/./x`, `/%2e/x` and `/x` are one path. */
function pathOf(url: string): string {
  const whole = `http://localhost${url}`;
  return URL.canParse(whole) ? new URL(whole).pathname : '/cdn-cgi/';
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  const body = JSON.stringify({ error: { code, message } });
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}

/** A connection a request: one that is kept may be closed from the other side just when the next is sent. */
function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url: path } = request;
  const target = { host: '127.0.0.1', port, method, path, headers: passedOf(request.headers), agent: false };
  const passed = send(target, (answer) => {
    response.writeHead(answer.statusCode ?? 502, passedOf(answer.headers));
    answer.pipe(response);
  });
  passed.once('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, { status: 502, code: 'service.unavailable', message: 'The Worker does not answer.' });
  });
  response.once('close', () => passed.destroy());
  request.pipe(passed);
}

/** Not what is about one connection alone, and nothing that wrangler says to itself. */
function passedOf(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const isPassed = (name: string) => !name.startsWith('mf-') && !ofConnection.has(name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isPassed(name)));
}

const ofConnection = new Set(['connection', 'keep-alive', 'upgrade', 'expect']);
