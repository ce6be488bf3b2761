/** The HTTP side: routes, body, latency, statistics. What a request does is the backend's business. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { callerRefusal } from './callers.ts';
import { errorBody, refusal, RequestError } from './errors.ts';
import { parseRequest } from './request.ts';
import type { Answer, Backend } from './types.ts';

/** Neon's limit for a request body, in bytes. */
export const maxRequest = 10 * 1024 * 1024;

export interface Stats {
  /** requests to `/sql`, whatever their answer */
  roundTrips: number;
  /** statements in them */
  statements: number;
}

interface Service {
  backend: Backend;
  stats: Stats;
  /** milliseconds added to every request to `/sql` */
  latency: number;
}

/** An HTTP server, not yet listening, that answers `/sql`, `/stats` and `/health`. */
export function createSqlServer(service: Service): Server {
  // Connections stay until the client ends them: closing an idle one races with its next request.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    void answer(service, request).then((result) => {
      response.writeHead(result.status, headers(result));
      response.end(result.body);
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return server;
}

async function answer(service: Service, request: IncomingMessage): Promise<Answer> {
  try {
    checkCaller(request);
    return await route(service, request);
  } catch (error) {
    if (error instanceof RequestError) return refusal(error);
    const message = error instanceof Error ? error.message : String(error);
    return { status: 500, body: errorBody({ message, code: 'XX000', severity: 'ERROR' }) };
  }
}

async function route(service: Service, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const target = `${request.method} ${path}`;
  if (target === 'POST /sql') return sql(service, request);
  if (target === 'GET /stats') return json(service.stats);
  if (target === 'GET /health') return json({ ok: true });
  if (target === 'POST /stats/reset') {
    service.stats.roundTrips = 0;
    service.stats.statements = 0;
    return json(service.stats);
  }
  const method = { '/sql': 'POST', '/stats/reset': 'POST', '/stats': 'GET', '/health': 'GET' }[path];
  if (method === undefined) {
    throw new RequestError(404, '08P01', 'no such path: SQL goes to POST /sql');
  }
  throw new RequestError(405, '08P01', `${path} takes ${method} only`);
}

async function sql(service: Service, request: IncomingMessage): Promise<Answer> {
  const { backend, stats, latency } = service;
  stats.roundTrips += 1;
  const body = await readBody(request);
  if (latency > 0) await sleep(latency);
  const sqlRequest = parseRequest(request.headers, body);
  stats.statements += sqlRequest.statements.length;
  return backend.run(sqlRequest);
}

/** Reads the body as text, refusing one over the limit without keeping it. */
function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxRequest) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('error', () => reject(new RequestError(400, '08006', 'the body did not arrive whole')));
    request.on('end', () => {
      if (size <= maxRequest) return resolve(text(chunks));
      const message = `request is too large (max is ${maxRequest} bytes)`;
      reject(new RequestError(413, '54000', message));
    });
  });
}

function text(chunks: Buffer[]): string {
  const [first] = chunks;
  return (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString('utf8');
}

/** A page of any site could otherwise send SQL to this port from a developer's browser, as the owner. */
function checkCaller(request: IncomingMessage): void {
  const reason = callerRefusal(request);
  if (reason !== null) throw new RequestError(403, '42501', reason);
}

/** No header lets a page of another origin read an answer, or send more than a form. */
function headers(result: Answer): Record<string, string | number> {
  return { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(result.body) };
}

function json(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value) };
}
